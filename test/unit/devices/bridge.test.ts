import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import type { BridgeMethod } from '../../../activities/devices/bridge.ts';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { type StartBridgeOptions, startBridge } from '../../../workers/bridge.ts';
import type { ActivityProgress } from '../../../workflows/contracts/ingest.ts';
import { isRunning } from '../../support/isRunning.ts';
import { folderForTest, writeFiles } from '../../support/modelFolder.ts';

/** The channel of the real bridge around methods that misbehave (test/support/tinyBridge). */
async function tinyBridge(options: Partial<StartBridgeOptions> = {}) {
  const exits: (string | undefined)[] = [];
  const bridge = await startBridge({
    python: findPython(),
    logger: pino({ level: 'silent' }),
    threads: 1,
    module: 'tiny_bridge',
    packageFolder: join(packageRoot(), 'test', 'support', 'tinyBridge'),
    onExit: (failure) => exits.push(failure),
    ...options,
  });
  onTestFinished(() => bridge.kill());
  return { bridge, exits };
}

const answer = z.object({ value: z.string(), environment: z.record(z.string(), z.string()) });
const method = (name: string): BridgeMethod<object, z.infer<typeof answer>> => ({
  name,
  result: answer,
});
const failed = (message: RegExp) =>
  expect.objectContaining({ type: 'BridgeFailed', message: expect.stringMatching(message) });
test('greets, counts and answers, whatever is printed beside the protocol', async () => {
  const { bridge } = await tinyBridge({ threads: 3 });
  expect(bridge.hello).toMatchObject({ threads: 3, pid: bridge.pid });
  expect(bridge.hello.versions).toHaveProperty('torch');
  for (const value of ['one', 'zwei\n— π']) {
    const counted: ActivityProgress[] = [];
    const result = await bridge.call(
      method('echo'),
      { value },
      { onProgress: (p) => counted.push(p) },
    );
    expect(result.value).toBe(value);
    expect(counted.at(-1)).toEqual({ bytes: 3, totalBytes: 3 });
  }
});

test('gets an environment of its own, without anything of the worker’s', async () => {
  process.env.BERTH_TEST_SECRET = 'do not pass me on';
  process.env.AWS_SECRET_ACCESS_KEY = 'nor me';
  onTestFinished(() => {
    delete process.env.BERTH_TEST_SECRET;
    delete process.env.AWS_SECRET_ACCESS_KEY;
  });
  const env = { CUDA_VISIBLE_DEVICES: 'GPU-0a1b', CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
  const { bridge } = await tinyBridge({ device: { env } });
  const { environment } = await bridge.call(method('echo'), { value: '' });
  const allowed =
    /^(PATH|HOME|LANG|TMPDIR|CUDA_.*|PYTHON.*|(OMP|MKL|OPENBLAS)_NUM_THREADS|HF_.*|TRANSFORMERS_.*|DISABLE_TELEMETRY|DO_NOT_TRACK|TOKENIZERS_PARALLELISM|TORCHDYNAMO_DISABLE|LC_CTYPE)$/;
  expect(Object.keys(environment).filter((name) => !allowed.test(name))).toEqual([]);
  expect(environment).toMatchObject({
    ...env,
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
    OMP_NUM_THREADS: '1',
  });
  expect(bridge.hello.cudaVisibleDevices).toBe('GPU-0a1b');
});

test('an error of a known type leaves the bridge usable', async () => {
  const { bridge } = await tinyBridge();
  await expect(bridge.call(method('refuse'), { type: 'InvalidModel' })).rejects.toMatchObject({
    type: 'InvalidModel',
    message: 'a tensor is not right',
  });
  expect((await bridge.call(method('echo'), { value: 'on' })).value).toBe('on');
});

test('out of memory fails the call and the bridge', async () => {
  const { bridge, exits } = await tinyBridge();
  await expect(bridge.call(method('out_of_memory'), {})).rejects.toEqual(failed(/out of memory/));
  expect(bridge.usable).toBe(false);
  expect(isRunning(bridge.pid)).toBe(false);
  expect(exits).toEqual([expect.stringContaining('out of memory')]);
  await expect(bridge.call(method('echo'), { value: '' })).rejects.toEqual(failed(/memory/));
});

test('death is told with its signal or exit code and the last word on stderr', async () => {
  const killed = await tinyBridge();
  await expect(killed.bridge.call(method('die'), { signal: 9 })).rejects.toEqual(
    failed(/ended by SIGKILL \(out of memory\?\): about to die/),
  );
  const crashed = await tinyBridge();
  await expect(crashed.bridge.call(method('die'), { signal: 11 })).rejects.toEqual(
    failed(/SIGSEGV/),
  );
  const left = await tinyBridge();
  await expect(left.bridge.call(method('leave'), {})).rejects.toEqual(failed(/exit code 7/));
});

test('garbage on the protocol is a failure that quotes it', async () => {
  const { bridge } = await tinyBridge();
  await expect(bridge.call(method('garbage'), {})).rejects.toEqual(
    failed(/broke its protocol with "Segmentation/),
  );
  expect(isRunning(bridge.pid)).toBe(false);
});

test('an answer of another shape is a failure', async () => {
  const { bridge } = await tinyBridge();
  const other = { name: 'echo', result: z.object({ bytes: z.number() }) };
  await expect(bridge.call(other, { value: '' })).rejects.toEqual(
    failed(/answered echo with a bad bytes/),
  );
});

test('a counter that stands still is a hang; one that moves is not, however slow', async () => {
  const { bridge } = await tinyBridge({ stallSeconds: 1.5 });
  expect((await bridge.call(method('slow'), {})).value).toBe('done');
  await expect(bridge.call(method('hang'), {})).rejects.toEqual(
    failed(/no progress for 1.5 seconds/),
  );
  expect(isRunning(bridge.pid)).toBe(false);
});

test('an abort kills it and is what the call ends with', async () => {
  const { bridge, exits } = await tinyBridge();
  const controller = new AbortController();
  const reason = new Error('cancelled');
  const onProgress = () => controller.abort(reason);
  await expect(
    bridge.call(method('hang'), {}, { signal: controller.signal, onProgress }),
  ).rejects.toBe(reason);
  expect(isRunning(bridge.pid)).toBe(false);
  expect(exits).toEqual([undefined]);
});

test('what it started ends with it', async () => {
  const { bridge } = await tinyBridge();
  const child = Number((await bridge.call(method('spawn'), {})).value);
  expect(isRunning(child)).toBe(true);
  await bridge.kill();
  await expect.poll(() => isRunning(child)).toBe(false);
});

test('a start that fails says why', async () => {
  const home = await folderForTest();
  await writeFiles(home, { 'refuse-to-start': '' });
  await expect(tinyBridge({ device: { env: { HOME: home } } })).rejects.toEqual(
    failed(/exit code 1: no heart to start/),
  );
  await expect(tinyBridge({ python: '/nowhere/python' })).rejects.toEqual(
    failed(/could not be started/),
  );
});
