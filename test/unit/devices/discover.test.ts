import { delimiter, join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';

const bridge = join(packageRoot(), 'native', 'bridge');
const fakeNvml = join(packageRoot(), 'test', 'support', 'fakeNvml');

/** `host` is a function of topologies.py; undefined asks the real NVML. */
async function discover(host?: string) {
  const env = {
    PYTHONPATH: [...(host === undefined ? [] : [fakeNvml]), bridge].join(delimiter),
    FAKE_NVML: host ?? '',
  };
  const { stdout } = await execa(findPython(), ['-m', 'berth_bridge.discover'], { env });
  return JSON.parse(stdout).devices;
}

/** Rows as of `nvidia-smi topo -m`: what each GPU sees of each. */
async function matrix(host: string): Promise<string[]> {
  const devices: { uuid: string; links: Record<string, string> }[] = await discover(host);
  return devices.map(({ uuid, links }) =>
    devices.map((other) => (other.uuid === uuid ? 'X' : (links[other.uuid] ?? '?'))).join(' '),
  );
}

test('lists whole GPUs and MIG instances', async () => {
  const devices = await discover('mixed');
  expect(
    devices.map(({ uuid, parentUuid, migProfile, index }: Record<string, unknown>) => [
      uuid,
      parentUuid,
      migProfile,
      index,
    ]),
  ).toEqual([
    ['GPU-0000', null, null, 0],
    ['GPU-1111', null, null, 1],
    ['MIG-aaaa', 'GPU-2222', '1g.10gb', 2],
    ['MIG-bbbb', 'GPU-2222', '1g.10gb', 2],
    ['GPU-3333', null, null, 3],
  ]);
  expect(devices[0]).toEqual({
    index: 0,
    uuid: 'GPU-0000',
    parentUuid: null,
    migProfile: null,
    name: 'NVIDIA H100 80GB HBM3',
    pciBusId: '00000000:3B:00.0',
    numaNode: 0,
    computeCapability: [9, 0],
    memoryBytes: 80_000,
    memoryUsedBytes: 1_000,
    utilization: 0.25,
    links: { 'GPU-1111': 'NV2', 'GPU-3333': 'SYS' },
    fabric: null,
  });
  expect(devices[2]).toMatchObject({
    pciBusId: '00000000:AF:00.0',
    memoryBytes: 10_000,
    utilization: null,
    links: {},
    fabric: null,
  });
  expect(devices[4]).toMatchObject({ numaNode: null });
});

test('a DGX-1 is its hybrid cube mesh', async () => {
  expect(await matrix('dgx1')).toEqual([
    'X NV1 NV1 NV2 NV2 SYS SYS SYS',
    'NV1 X NV2 NV1 SYS NV2 SYS SYS',
    'NV1 NV2 X NV2 SYS SYS NV1 SYS',
    'NV2 NV1 NV2 X SYS SYS SYS NV1',
    'NV2 SYS SYS SYS X NV1 NV1 NV2',
    'SYS NV2 SYS SYS NV1 X NV2 NV1',
    'SYS SYS NV1 SYS NV1 NV2 X NV2',
    'SYS SYS SYS NV1 NV2 NV1 NV2 X',
  ]);
});

test('bridges join pairs of PCIe cards', async () => {
  expect(await matrix('pairs')).toEqual([
    'X NV12 SYS SYS',
    'NV12 X SYS SYS',
    'SYS SYS X NV12',
    'SYS SYS NV12 X',
  ]);
});

test('switches join all GPUs that their links end at, each board its own', async () => {
  const row = (self: number) => Array.from({ length: 8 }, (_, i) => (i === self ? 'X' : 'NV18'));
  expect(await matrix('hgx')).toEqual(Array.from({ length: 8 }, (_, i) => row(i).join(' ')));
  expect(await matrix('splitSwitches')).toEqual([
    'X NV6 SYS SYS',
    'NV6 X SYS SYS',
    'SYS SYS X NV6',
    'SYS SYS NV6 X',
  ]);
});

test('each side says what it sees itself; what nobody tells is unknown', async () => {
  expect(await matrix('lopsided')).toEqual(['X NV4 ?', 'NV3 X ?', '? ? X']);
  expect(await matrix('bare')).toEqual(['X ?', '? X']);
});

test('NVLinks that end at CPUs join no GPUs', async () => {
  expect(await matrix('power9')).toEqual(['X NODE', 'NODE X']);
});

test.each(['nvl72', 'oldDriver'])(
  '%s: a domain across hosts counts once registered',
  async (host) => {
    const domain = { clusterUuid: '000102030405060708090a0b0c0d0e0f', cliqueId: 7 };
    const fabrics = (await discover(host)).map(({ fabric }: { fabric: unknown }) => fabric);
    expect(fabrics).toEqual([domain, domain, domain, null]);
  },
);

test('the all-zero UUID of a host’s own switches is no domain', async () => {
  for (const { fabric } of await discover('hgx')) expect(fabric).toBeNull();
});

test('gaps of the driver are null, not errors', async () => {
  const [gpu] = await discover('bare');
  expect(gpu).toMatchObject({
    numaNode: null,
    computeCapability: null,
    memoryBytes: 0,
    utilization: null,
    fabric: null,
  });
});

test('finds none, without an error, where the real NVML has no driver', async () => {
  // A machine with a GPU would list it.
  for (const { uuid } of await discover()) expect(uuid).toMatch(/^(GPU|MIG)-/);
});

test('the real nvidia-ml-py has everything that is asked of the fake one', async () => {
  const script = [
    'import pathlib, re, sys, pynvml',
    "text = ''.join(p.read_text() for p in pathlib.Path(sys.argv[1]).glob('*.py'))",
    "names = set(re.findall(r'\\bnvml\\.(\\w+)', text))",
    'print(len(names), sorted(n for n in names if not hasattr(pynvml, n)))',
    'print([f[0] for f in pynvml.c_nvmlGpuFabricInfoV_t._fields_])',
  ].join('\n');
  const folder = join(bridge, 'berth_bridge');
  const { stdout } = await execa(findPython(), ['-c', script, folder]);
  const [asked, fields] = stdout.split('\n');
  expect(asked).toMatch(/^\d{2} \[\]$/);
  for (const field of ['clusterUuid', 'status', 'cliqueId', 'state']) {
    expect(fields).toContain(`'${field}'`);
  }
});
