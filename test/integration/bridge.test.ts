import { chmod, cp, readdir, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { findPython } from '../../activities/platform/python.ts';
import { readBinding } from '../../workers/devices/binding.ts';
import { deviceRig, leaseOf } from '../support/deviceRig.ts';
import { isRunning } from '../support/isRunning.ts';
import { folderForTest } from '../support/modelFolder.ts';
import { tinyModel } from '../support/tinyModel.ts';
import { cannotMount, mountTmpfs } from '../support/tmpfs.ts';

/** The device activities over the real bridge, and what goes wrong with it. */

const timeout = 300_000;
const lease = leaseOf(1);

/** A job whose first shard is still to be made; the source is a copy that may be altered. */
async function preparedJob(options: Parameters<typeof deviceRig>[0] = {}, shm?: string) {
  const source = await folderForTest();
  await cp(await tinyModel(), source, { recursive: true });
  const rig = await deviceRig(options, shm);
  const { artifactId } = await rig.prepare(source, { quantize: 'nf4' });
  const makeShard = () => rig.device.quantizeShard({ artifactId, lease, index: 0 });
  const scratch = async () => (await readdir(rig.paths.scratch(artifactId))).sort();
  return { ...rig, source, artifactId, makeShard, scratch };
}

/** An interpreter that runs as the words before it say. */
async function pythonBehind(words: string): Promise<string> {
  const python = join(await folderForTest(), 'python');
  await writeFile(python, `#!/bin/sh\n${words} '${findPython()}' "$@"\n`);
  await chmod(python, 0o755);
  return python;
}

test('a bridge that is killed or hangs fails only its call; a fresh one does the work', {
  timeout,
}, async () => {
  const options: { stallSeconds?: number } = {};
  const job = await preparedJob(options);
  // Less than importing torch takes, hence only for the next one.
  options.stallSeconds = 3;
  const first = await job.bridge.use(lease);
  // Stopped before the call, so that the signal surely falls into it.
  process.kill(first.pid, 'SIGSTOP');
  const killed = job.makeShard();
  killed.catch(() => undefined);
  process.kill(first.pid, 'SIGKILL');
  await expect(killed).rejects.toMatchObject({ type: 'BridgeFailed' });

  const second = await job.bridge.use(lease);
  process.kill(second.pid, 'SIGSTOP');
  await expect(job.makeShard()).rejects.toThrow(/no progress for 3 seconds/);
  expect(isRunning(second.pid)).toBe(false);
});

test('out of memory fails only its call; a fresh bridge does the work', { timeout }, async () => {
  // Room for Python, not for torch's libraries.
  const options = { python: await pythonBehind('ulimit -v 1000000; exec') };
  const source = await folderForTest();
  await cp(await tinyModel(), source, { recursive: true });
  const rig = await deviceRig(options);
  await expect(rig.prepare(source, { quantize: 'nf4' })).rejects.toMatchObject({
    type: 'BridgeFailed',
  });
  expect(rig.started.map(isRunning)).toEqual([false]);
  options.python = findPython();
  await rig.prepare(source, { quantize: 'nf4' });
  expect(rig.started).toHaveLength(2);
});

test('threads and affinity are those of the device, in every thread', { timeout }, async () => {
  // As the supervisor starts a worker, and the worker its bridge: taskset in front.
  const python = await pythonBehind('exec taskset -c 1');
  const job = await preparedJob({ python, threads: 1 });
  await job.makeShard();
  const bridge = await job.bridge.use(lease);
  expect(bridge.hello).toMatchObject({ threads: 1, affinity: [1] });
  const binding = readBinding(bridge.pid, '1');
  expect(binding).toMatchObject({ actual: '1', verified: true });
  expect(binding.threads).toBeGreaterThan(1);
});

test('progress is heartbeat; a cancellation kills the bridge and leaves no shard', {
  timeout,
}, async () => {
  const job = await preparedJob();
  const environment = new MockActivityEnvironment();
  const beats: { bytes: number; totalBytes: number }[] = [];
  environment.on('heartbeat', (details) => beats.push(details));
  const { bytes } = (await environment.run(job.makeShard)) as { bytes: number };
  expect(bytes).toBeGreaterThan(0);
  expect(beats.at(-1)?.bytes).toBe(beats.at(-1)?.totalBytes);
  expect(beats.at(-1)?.totalBytes).toBeGreaterThan(bytes);

  await job.activities.sealShard({ artifactId: job.artifactId, index: 0 });
  const { pid } = await job.bridge.use(lease);
  const cancelled = new MockActivityEnvironment();
  cancelled.once('heartbeat', () => {
    process.kill(pid, 'SIGSTOP');
    cancelled.cancel();
  });
  const running = cancelled.run(job.makeShard);
  await expect(running).rejects.toThrow(/CANCELLED/i);
  expect(isRunning(pid)).toBe(false);
  expect((await job.scratch()).filter((name) => name.endsWith('.safetensors'))).toEqual([]);
});

test('a source that was truncated is an error that names it', { timeout }, async () => {
  const job = await preparedJob();
  await truncate(join(job.source, 'model.safetensors'), 5_000_000);
  await expect(job.makeShard()).rejects.toMatchObject({
    type: 'SourceChanged',
    message: expect.stringMatching(/^model\.safetensors: /),
  });
  expect(await job.scratch()).toEqual([]);
});

test('a full scratch is OutOfSpace, leaves nothing, and a retry works once there is room', {
  timeout,
}, async (context) => {
  const mounted = mountTmpfs('size=2m');
  if (mounted === undefined) return context.skip(cannotMount);
  onTestFinished(() => mounted.unmount());
  const job = await preparedJob({}, mounted.path);
  await expect(job.makeShard()).rejects.toMatchObject({ type: 'OutOfSpace' });
  expect(await job.scratch()).toEqual([]);
  await execa('mount', ['-o', 'remount,size=64m', mounted.path]);
  await job.makeShard();
  expect(await job.scratch()).toEqual(['model.safetensors']);
});

test('scratch that is not RAM-backed is refused', { timeout }, async () => {
  const job = await preparedJob({}, await folderForTest());
  await expect(job.makeShard()).rejects.toMatchObject({ type: 'NotWarmable' });
});
