import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { findPython } from '../../activities/platform/python.ts';
import { createNvmlProcesses } from '../../workers/devices/sharing/nvmlProcesses.ts';
import { processTree } from '../../workers/supervisor/procfs.ts';
import { createFakeMps } from '../support/fakeMps/fakeMps.ts';
import { isRunning } from '../support/isRunning.ts';

/** The Python child that asks a fake NVML (test/support/fakeMps/fakeNvml), and the real one without a driver. */
const samplers = () =>
  processTree(process.pid).filter((pid) => {
    if (!isRunning(pid)) return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('berth_bridge.processes');
  });

test('keeps one child for all questions, and ends it', async () => {
  const { processes, client } = createFakeMps();
  expect(samplers()).toEqual([]);
  const program = await client({ CUDA_VISIBLE_DEVICES: 'GPU-1' });
  await program.tell('allocate 300');
  const ask = () => processes.usedMib('GPU-1', new Set([program.pid, 1]));
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([300, 300, 300]);
  const children = samplers();
  expect(children).toHaveLength(1);
  expect(await processes.usedMib('GPU-2', new Set([program.pid]))).toBe(0);
  expect(samplers()).toEqual(children);
  await processes.close();
  expect(samplers()).toEqual([]);
});

test('starts another child when one has died', async () => {
  const { processes } = createFakeMps();
  onTestFinished(() => processes.close());
  expect(await processes.usedMib('GPU-1', new Set())).toBe(0);
  const [first = Number.NaN] = samplers();
  process.kill(first, 'SIGSTOP');
  const unanswered = processes.usedMib('GPU-1', new Set());
  process.kill(first, 'SIGKILL');
  expect(await unanswered).toBeNull();
  expect(await processes.usedMib('GPU-1', new Set())).toBe(0);
  expect(samplers()).not.toContain(first);
});

test('waits neither for a driver that hangs nor, at the end, for its child', async () => {
  const { processes } = createFakeMps({}, 1_500);
  await expect.poll(() => processes.usedMib('GPU-1', new Set()), { timeout: 30_000 }).toBe(0);
  const [first = Number.NaN] = samplers();
  process.kill(first, 'SIGSTOP');
  expect(await processes.usedMib('GPU-1', new Set())).toBeNull();
  await expect.poll(() => processes.usedMib('GPU-1', new Set()), { timeout: 30_000 }).toBe(0);
  for (const pid of samplers()) process.kill(pid, 'SIGSTOP');
  await processes.close();
  await expect.poll(samplers).toEqual([]);
});

test('does not take silence of the driver for nothing used', async () => {
  const { processes, client } = createFakeMps({ FAKE_NVML_SILENT: '1' });
  onTestFinished(() => processes.close());
  const program = await client({ CUDA_VISIBLE_DEVICES: 'GPU-1' });
  await program.tell('allocate 300');
  expect(await processes.usedMib('GPU-1', new Set([program.pid]))).toBeNull();
  expect(await processes.usedMib('GPU-1', new Set([1]))).toBe(0);
});

test('tells nothing where NVML does not know the device, or has no driver', async () => {
  const { processes, env } = createFakeMps();
  onTestFinished(() => processes.close());
  expect(await processes.usedMib('MIG-1', new Set([1]))).toBeNull();
  const real = createNvmlProcesses({ logger: pino({ level: 'silent' }), env, python: findPython });
  onTestFinished(() => real.close());
  expect(await real.usedMib('GPU-none', new Set([1]))).toBeNull();
});
