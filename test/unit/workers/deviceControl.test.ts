import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createDeviceControl } from '../../../workers/supervisor/deviceControl.ts';
import { isRunning } from '../../support/isRunning.ts';
import { folderForTest } from '../../support/modelFolder.ts';

const logger = pino({ level: 'silent' });

/** A scripted device worker: `behaviour` is put into its handling of messages. */
async function startWorker(behaviour: string): Promise<ChildProcess> {
  const path = join(await folderForTest(), 'worker.mjs');
  await writeFile(
    path,
    `import { spawn } from 'node:child_process';
    const bridge = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' });
    process.on('message', ({ epoch }) => { ${behaviour} });
    process.send({ type: 'ready', queue: 'q' });
    process.send({ type: 'bridge', state: 'running', pid: bridge.pid, message: null });
    process.send({ type: 'work', epochs: [7] });`,
  );
  const child = fork(path, { stdio: 'inherit', execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function controlled(behaviour: string, patienceMs?: number) {
  const child = await startWorker(behaviour);
  const control = createDeviceControl({ deviceId: 'd', logger, patienceMs });
  const bridge = new Promise<number>((resolve) => {
    child.on('message', (message: { type: string; pid?: number }) => {
      if (message.type === 'bridge') resolve(message.pid ?? 0);
    });
  });
  control.attach(child);
  await vi.waitFor(() => expect(control.working()).toEqual([7]), { timeout: 10_000 });
  return { child, control, bridge: await bridge };
}

test('a worker that ends the lease is left alone', async () => {
  const { child, control } = await controlled(
    `bridge.once('exit', () => process.send({ type: 'leaseEnded', epoch })); bridge.kill();`,
  );
  await control.end(7);
  expect(child.exitCode).toBeNull();
  expect(child.signalCode).toBeNull();
});

test('a worker that is silent is killed with its bridge', async () => {
  const { child, control, bridge } = await controlled('', 100);
  await control.end(7);
  expect(isRunning(bridge)).toBe(false);
  expect(child.signalCode ?? (await once(child, 'exit'))[1]).toBe('SIGKILL');
  await vi.waitFor(() => expect(control.working()).toEqual([]));
});

test('a stopped worker is killed, too', async () => {
  const { child, control, bridge } = await controlled('', 100);
  child.kill('SIGSTOP');
  await control.end(7);
  expect(isRunning(bridge)).toBe(false);
});

test('the bridge of a worker that died is ended, and counts as work until then', async () => {
  const { child, control, bridge } = await controlled('');
  child.kill('SIGKILL');
  await control.end(7);
  expect(isRunning(bridge)).toBe(false);
  await vi.waitFor(() => expect(control.working()).toEqual([]));
});
