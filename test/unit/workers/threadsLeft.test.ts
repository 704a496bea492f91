import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test, vi } from 'vitest';
import {
  identifyProcess,
  isAlive,
  listProcesses,
  readStat,
} from '../../../workers/supervisor/procfs.ts';

/** Ends its first thread by itself (exit(2), not exit_group(2)); the other one ends with its input. */
const program = `
import ctypes, platform, sys, threading
threading.Thread(target=sys.stdin.read).start()
number = {"x86_64": 60, "aarch64": 93}[platform.machine()]
print("ready", flush=True)
ctypes.CDLL(None).syscall(number, 0)
`;

test('a process whose first thread has ended lives until its other threads have', async () => {
  const child = spawn('python3', ['-S', '-c', program], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  const pid = child.pid ?? 0;
  const identity = identifyProcess(pid);
  if (identity === undefined) throw new Error('it has no identity');
  await vi.waitFor(() => expect(readStat(pid)).toMatchObject({ state: 'Z', threads: 2 }));
  expect(isAlive(identity)).toBe(true);
  expect(listProcesses().map((process) => process.pid)).toContain(pid);
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect(isAlive(identity)).toBe(false);
});
