import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import {
  checkRunOptions,
  type RunOptions,
} from '../../../workers/commands/runner/runOptionSchema.ts';
import { toRunRequest } from '../../../workers/commands/runner/runRequest.ts';
import { createCapture } from '../../support/cliCapture.ts';

const asTyped = (options: Partial<RunOptions> = {}): RunOptions => ({
  team: 'default',
  priority: '0',
  ...options,
});

const device = (kind: string, gib: number): DeviceRecord => ({
  deviceId: `${kind}-${gib}`,
  kind,
  label: `${kind}0`,
  model: kind,
  taskQueue: `device.${kind}`,
  cores: null,
  numaNode: null,
  memoryBytes: gib * 2 ** 30,
});

const facts = (devices: DeviceRecord[], files: string[] = []) => ({
  hostId: 'h1',
  devices,
  defaultPool: 'default',
  requestId: 'run-1',
  isFile: (path: string) => files.includes(path),
});

const request = (
  options: Partial<RunOptions>,
  argv = ['python'],
  known = facts([device('cpu', 8)]),
) => toRunRequest(checkRunOptions(asTyped(options)), argv, known);

describe('options of berth run', () => {
  test('ask for one whole device of this host without any', () => {
    const { pool, request: asked } = request({});
    expect(pool).toBe('default');
    expect(asked).toEqual({
      requestId: 'run-1',
      team: 'default',
      priority: 0,
      preemptible: false,
      restartable: false,
      resources: {
        devices: 1,
        milli: 1000,
        memoryMib: 0,
        migProfile: null,
        kind: 'cpu',
        models: [],
        hosts: ['h1'],
        deviceIds: [],
        link: null,
        spanHosts: false,
        cpuMilli: 0,
        hostMemoryMib: 0,
      },
      expectedSeconds: null,
      maxSeconds: null,
      latencyGoalMs: null,
      label: 'python',
      profileKey: 'python',
    });
  });

  test('become units of the pool', () => {
    const { pool, request: asked } = request({
      gpus: '2',
      team: 'research/nlp/ann',
      memory: '20GiB',
      links: 'NVLink',
      model: 'H100, A100',
      priority: '-5',
      maxTime: '2h',
      expected: '30m',
      preemptible: true,
      restartable: true,
      cpus: '1.5',
      hostMemory: '8GiB',
      latencyGoal: '50ms',
      label: 'nightly',
      pool: 'big',
    });
    expect(pool).toBe('big');
    expect(asked).toMatchObject({
      team: 'research/nlp/ann',
      priority: -5,
      preemptible: true,
      restartable: true,
      maxSeconds: 7200,
      expectedSeconds: 1800,
      latencyGoalMs: 50,
      label: 'nightly',
      resources: {
        devices: 2,
        memoryMib: 20 * 1024,
        link: 'NV1',
        models: ['H100', 'A100'],
        cpuMilli: 1500,
        hostMemoryMib: 8192,
      },
    });
  });

  test('prefer GPUs where there are any', () => {
    const mixed = facts([device('cuda', 80), device('cpu', 8)]);
    expect(request({}, ['x'], mixed).request.resources.kind).toBe('cuda');
    expect(request({ kind: 'cpu' }, ['x'], mixed).request.resources.kind).toBe('cpu');
  });

  test('reserve as much of the memory as of the compute', () => {
    const known = facts([device('cuda', 80), device('cuda', 40), device('cpu', 8)]);
    const { resources } = request({ fraction: '0.25' }, ['x'], known).request;
    expect(resources).toMatchObject({ milli: 250, memoryMib: 10 * 1024 });
    const asked = request({ fraction: '0.25', memory: '3GiB' }, ['x'], known).request.resources;
    expect(asked.memoryMib).toBe(3 * 1024);
  });

  test('never give away arguments', () => {
    const argv = ['/usr/bin/python3', '-u', '--token=secret', 'src/train.py', 'secret'];
    const { request: asked } = request({}, argv, facts([], ['src/train.py']));
    expect(asked).toMatchObject({ label: 'python3', profileKey: 'python3:train.py' });
    expect(JSON.stringify(asked)).not.toContain('secret');
  });

  test.each<[Partial<RunOptions>, string]>([
    [{ gpus: '0' }, '--gpus 0: expected a whole number from 1 to 1024'],
    [{ gpus: '-2' }, '--gpus -2:'],
    [{ gpus: '1.5' }, '--gpus 1.5:'],
    [{ gpus: '1e3' }, '--gpus 1e3:'],
    [{ gpus: '99999999' }, '--gpus 99999999:'],
    [{ gpus: '2', devices: '3' }, '--gpus 2 --devices 3:'],
    [{ fraction: '0' }, '--fraction 0: expected a part of one device'],
    [{ fraction: '1.01' }, '--fraction 1.01:'],
    [{ fraction: '-0.5' }, '--fraction -0.5:'],
    [{ fraction: 'NaN' }, '--fraction NaN:'],
    [{ fraction: '0.0001' }, '--fraction 0.0001:'],
    [{ gpus: '2', fraction: '0.5' }, '--gpus 2 --fraction 0.5: a fraction is of one device'],
    [{ gpus: '2', mig: '1g.10gb' }, '--gpus 2 --mig 1g.10gb:'],
    [{ mig: '1g.10gb', fraction: '0.5' }, '--mig 1g.10gb --fraction 0.5:'],
    [{ mig: 'big' }, '--mig big: expected a MIG profile'],
    [{ links: 'ethernet' }, '--links ethernet: expected one of nvlink'],
    [{ links: 'constructor' }, '--links constructor:'],
    [{ memory: '20 apples' }, '--memory 20 apples: expected a size'],
    [{ memory: '0' }, '--memory 0:'],
    [{ memory: '9999999TiB' }, '--memory 9999999TiB:'],
    [{ hostMemory: '-1GiB' }, '--host-memory -1GiB:'],
    [{ cpus: '0' }, '--cpus 0:'],
    [{ priority: '1001' }, '--priority 1001:'],
    [{ priority: '0.5' }, '--priority 0.5:'],
    [{ maxTime: 'soon' }, '--max-time soon: expected a duration'],
    [{ maxTime: '0s' }, '--max-time 0s:'],
    [{ expected: '999999d' }, '--expected 999999d:'],
    [{ latencyGoal: '50' }, '--latency-goal 50:'],
    [{ team: 'NLP' }, '--team NLP: expected a path'],
    [{ team: 'a/b/c/d/e/f' }, '--team a/b/c/d/e/f:'],
    [{ pool: '../x' }, '--pool ../x:'],
    [{ model: 'H100,,' }, '--model H100,,:'],
    [{ kind: 'GPU!' }, '--kind GPU!:'],
    [{ label: 'two\nlines' }, '--label two\nlines:'],
  ])('%j: refused', (options, message) => {
    expect(() => checkRunOptions(asTyped(options))).toThrow(
      expect.objectContaining({
        type: 'InvalidRequest',
        message: expect.stringContaining(message),
      }),
    );
  });
});

describe('the command line', () => {
  test.each([
    [
      ['run', '--gpus', '2', '--fraction', '0.5', '--', 'true'],
      /^error: InvalidRequest: --gpus 2 /,
    ],
    [['run', '--links', 'ethernet', 'true'], /^error: InvalidRequest: --links ethernet/],
    [['run', '--gpus', '2'], /^error: missing required argument 'command'/],
    [['run', '--suggest-nothing', '--', 'true'], /^error: unknown option '--suggest-nothing'/],
  ])(
    '%j ends with one line and exit code 2, and nothing on standard output',
    async (args, line) => {
      const capture = await createCapture();
      const { code, stdout, stderr } = await capture.run(...args);
      await capture.remove();
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      expect(stderr).toMatch(line);
      expect(stderr.trim().split('\n')).toHaveLength(1);
    },
  );

  test('leaves options behind the program to the command', async () => {
    const capture = await createCapture();
    const { code, stderr } = await capture.run('run', 'prog', '--gpus', 'x', '--json');
    await capture.remove();
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: StackUnavailable: no stack runs/);
    expect(stderr).not.toContain('{');
  });

  test('tells a script of a failure at the end of standard error, and in a file', async () => {
    const capture = await createCapture();
    const file = `${capture.home}/report.json`;
    const { stdout, stderr } = await capture.run('run', '--json', '--report', file, '--', 'prog');
    const written = JSON.parse(await readFile(file, 'utf8'));
    await capture.remove();
    expect(stdout).toBe('');
    const document = JSON.parse(stderr.trim().split('\n').at(-1) ?? '');
    expect(document).toMatchObject({ exitCode: 1, error: { type: 'StackUnavailable' } });
    expect(written).toEqual(document);
  });
});
