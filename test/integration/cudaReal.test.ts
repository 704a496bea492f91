import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findPython } from '../../activities/platform/python.ts';
import type { DeviceSharing } from '../../workers/devices/deviceSharing.ts';
import { createCudaSharing } from '../../workers/devices/sharing/cudaSharing.ts';
import { mpsRoot } from '../../workers/devices/sharing/mpsFolder.ts';
import { createMpsSharing } from '../../workers/devices/sharing/mpsSharing.ts';
import { createNvmlProcesses } from '../../workers/devices/sharing/nvmlProcesses.ts';
import { shareOf } from '../support/fakeMps/shares.ts';
import { findRealGpu, noRealGpu } from '../support/realGpu.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const gpu = await findRealGpu();
const skipped = gpu ? '' : ` (skipped: ${noRealGpu})`;
const home = temporaryFolder('cuda-real');

describe.skipIf(!gpu)(`a real GPU under MPS${skipped}`, () => {
  const small = shareOf('small', { milli: 200, memoryMib: 3000 });
  const large = shareOf('large', { milli: 500, memoryMib: 6000 });
  const whole = shareOf('whole', { milli: 1000 });

  test('holds two shares to their memory and compute, and ends one without harm to the other', async () => {
    const { device, cuda } = rig();
    const one = await program((await cuda.prepare(device, small)).env);
    const two = await program((await cuda.prepare(device, large)).env);

    expect(await one('allocate 4000')).toBe('OutOfMemoryError');
    expect(await one('allocate 1500')).toBe('ok');
    expect(await two('allocate 4000')).toBe('ok');
    const processors = await Promise.all([one('multiprocessors'), two('multiprocessors')]);
    expect(Number(processors[0])).toBeLessThan(Number(processors[1]));
    const used = (await cuda.usedMib(device, small, [one.pid])) ?? 0;
    expect(used).toBeGreaterThan(1500);
    expect(used).toBeLessThanOrEqual(3000);
    expect(await cuda.usedMib(device, large, [two.pid])).toBeGreaterThan(4000);

    expect(await one('work')).toBe('ok');
    await cuda.quiesce(device, small, [one.pid]);
    expect(await one('compute')).not.toBe('4');
    await one.kill();
    await cuda.clear(device, small);
    expect(await two('compute')).toBe('4');

    await cuda.quiesce(device, large, [two.pid]);
    await two.kill();
    await cuda.clear(device, large);
  });

  test('is lent whole again afterwards, to a program that sees more of it than a share', async () => {
    const { device, cuda } = rig();
    const part = await program((await cuda.prepare(device, small)).env);
    const partly = Number(await part('multiprocessors'));
    await cuda.quiesce(device, small, [part.pid]);
    await part.kill();
    await cuda.clear(device, small);
    const all = await program((await cuda.prepare(device, whole)).env);
    expect(await all('compute')).toBe('4');
    expect(Number(await all('multiprocessors'))).toBeGreaterThan(partly);
  });
});

function rig() {
  if (gpu === undefined) throw new Error(noRealGpu);
  const { env } = process;
  const logger = pino({ level: 'silent' });
  const processes = createNvmlProcesses({ logger, env, python: () => findPython(env) });
  const mps = createMpsSharing({ logger, env, root: mpsRoot(home), processes });
  const cuda: DeviceSharing = createCudaSharing({ provider: gpu.provider, mps, processes });
  onTestFinished(() => cuda.close());
  return { device: gpu.device, cuda };
}

async function program(env: Record<string, string>) {
  const script = join(packageRoot(), 'test', 'support', 'cudaProgram.py');
  const child = execa(gpu?.python ?? '', [script], { env, stdin: 'pipe', reject: false });
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const tell = async (line: string) => {
    child.stdin.write(`${line}\n`);
    return String((await lines.next()).value ?? 'ended');
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await child;
  };
  return Object.assign(tell, { pid: child.pid ?? 0, kill });
}
