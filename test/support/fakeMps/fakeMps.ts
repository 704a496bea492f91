import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { execa } from 'execa';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { mpsFolder } from '../../../workers/devices/sharing/mpsFolder.ts';
import type { MpsLimits } from '../../../workers/devices/sharing/mpsProcess.ts';
import { createMpsSharing } from '../../../workers/devices/sharing/mpsSharing.ts';
import { createNvmlProcesses } from '../../../workers/devices/sharing/nvmlProcesses.ts';

/** A watch that only looks when a test asks for it. */
const neverMs = 3_600_000;
const folder = join(packageRoot(), 'test', 'support', 'fakeMps');

/** A fake CUDA program (fakeCudaClient.py) that a test tells what to do. */
export interface FakeClient {
  pid: number;
  /** What the driver said when the program took its device: `ok` or an error's name. */
  opened: string;
  tell(line: string): Promise<string>;
  kill(): Promise<void>;
  /** How it ended: a signal's name or `exit`. */
  ended: Promise<string>;
}

/** Fake nvidia-cuda-mps-control, nvidia-smi, NVML and CUDA programs, with a machine of their own for each test. */
export function createFakeMps(variables: Record<string, string> = {}, answerMs?: number) {
  // Short, for the sockets.
  const home = mkdtempSync(join(tmpdir(), 'berth-mps-'));
  const root = join(home, 'mps');
  const env: NodeJS.ProcessEnv = {
    PATH: [join(folder, 'bin'), dirname(findPython()), process.env.PATH].join(delimiter),
    FAKE_GPU_STATE: home,
    ...variables,
  };
  const logged: { level: number; msg: string; [key: string]: unknown }[] = [];
  const logger = pino({ base: null }, { write: (line) => logged.push(JSON.parse(line)) });
  onTestFinished(async () => {
    for (const pid of await readdir(join(home, 'started')).catch(() => [])) endPid(Number(pid));
    rmSync(home, { recursive: true, force: true });
  });

  const processes = createNvmlProcesses({
    logger,
    env,
    answerMs,
    python: findPython,
    pythonPath: [join(folder, 'fakeNvml'), join(packageRoot(), 'native', 'bridge')].join(delimiter),
  });
  const sharing = (limits: Partial<MpsLimits> = {}) => {
    const mps = createMpsSharing({
      logger,
      env,
      root,
      processes,
      limits: { watchMs: neverMs, quitMs: 20_000, terminateMs: 20_000, ...limits },
    });
    onTestFinished(() => mps.close());
    return mps;
  };

  const client = async (added: Record<string, string>, ...args: string[]): Promise<FakeClient> => {
    const child = execa(findPython(), ['-S', join(folder, 'fakeCudaClient.py'), ...args], {
      env: { ...env, ...added },
      extendEnv: false,
      stdin: 'pipe',
      reject: false,
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => String((await lines.next()).value ?? 'ended');
    child.stdin.on('error', () => undefined);
    onTestFinished(() => void child.kill('SIGKILL'));
    const ended = child.then(({ signal }) => signal ?? 'exit');
    return {
      pid: child.pid ?? 0,
      opened: await next(),
      tell(line) {
        child.stdin.write(`${line}\n`);
        return next();
      },
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
      ended,
    };
  };

  return {
    home,
    root,
    env,
    logged,
    processes,
    sharing,
    client,
    folder: (trustDomain = 'nlp', deviceId = 'GPU-fake') => mpsFolder(root, deviceId, trustDomain),
    /** Commands that the daemon has heard, in order. */
    commands: async (trustDomain = 'nlp') =>
      (await readFile(join(mpsFolder(root, 'GPU-fake', trustDomain).logs, 'control.log'), 'utf8'))
        .trim()
        .split('\n'),
    computeMode(deviceId = 'GPU-fake') {
      try {
        return readFileSync(join(home, `mode-${deviceId}`), 'utf8');
      } catch {
        return 'Default';
      }
    },
    /** Pids of every fake daemon and server that was ever started here. */
    started: async () => (await readdir(join(home, 'started')).catch(() => [])).map(Number),
  };
}

function endPid(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
