import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { expect, vi } from 'vitest';
import { readStat } from '../../../workers/supervisor/procfs.ts';

/** Ends its first thread by itself (exit(2), not exit_group(2)); the other one ends with its input. */
const program = `
import ctypes, platform, signal, sys, threading
signal.signal(signal.SIGTERM, signal.SIG_IGN)
threading.Thread(target=sys.stdin.read).start()
number = {"x86_64": 60, "aarch64": 93}[platform.machine()]
print("ready", flush=True)
ctypes.CDLL(None).syscall(number, 0)
`;

/** A process, leading a group of its own, of which only the second thread is left; deaf to SIGTERM. */
export async function startSecondThread(): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const child = spawn('python3', ['-S', '-c', program], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  await once(child.stdout, 'data');
  const stat = () => readStat(child.pid ?? 0);
  await vi.waitFor(() => expect(stat()).toMatchObject({ state: 'Z', threads: 2 }));
  return child;
}
