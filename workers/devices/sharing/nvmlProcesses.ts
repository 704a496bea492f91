import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { execa } from 'execa';
import { z } from 'zod';
import type { Logger } from '../../../activities/platform/logging.ts';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';

/** Memory per process as NVML tells it. */
export interface NvmlProcesses {
  /**
   * What the processes use of the device together, MiB; 0 for those that are not on it, null where
   * the driver does not tell.
   */
  usedMib(deviceId: string, pids: ReadonlySet<number>): Promise<number | null>;
  close(): Promise<void>;
}

export interface NvmlProcessesDeps {
  logger: Logger;
  /** Interpreter with nvidia-ml-py. */
  python: () => string;
  env: NodeJS.ProcessEnv;
  /** PYTHONPATH; default Berth's bridge. */
  pythonPath?: string;
  /** An answer that takes longer is given up, ms. */
  answerMs?: number;
}

const answerSchema = z.object({
  id: z.number(),
  processes: z.array(z.object({ pid: z.number(), bytes: z.number().nullable() })).optional(),
  error: z.string().optional(),
});
type Answer = z.infer<typeof answerSchema>;

interface Sampler {
  ask(deviceId: string): Promise<Answer>;
  end(): Promise<void>;
}

const bytesPerMib = 2 ** 20;
const usualAnswerMs = 15_000;

/** One Python child that stays (native/bridge, berth_bridge.processes): started when first asked. */
export function createNvmlProcesses(deps: NvmlProcessesDeps): NvmlProcesses {
  let sampler: Sampler | undefined;
  return {
    async usedMib(deviceId, pids) {
      sampler ??= startSampler(deps, () => {
        sampler = undefined;
      });
      const { processes, error } = await sampler.ask(deviceId);
      if (processes === undefined) {
        deps.logger.debug({ device: deviceId, error }, 'NVML does not tell memory by process');
        return null;
      }
      const sizes = processes.filter(({ pid }) => pids.has(pid)).map(({ bytes }) => bytes);
      if (sizes.includes(null)) return null;
      return sizes.reduce<number>((sum, bytes) => sum + (bytes ?? 0), 0) / bytesPerMib;
    },
    async close() {
      await sampler?.end();
    },
  };
}

function startSampler(deps: NvmlProcessesDeps, onEnd: () => void): Sampler {
  const child = execa(
    deps.python(),
    ['-m', 'berth_bridge.processes', '--parent', String(process.pid)],
    {
      env: { ...deps.env, PYTHONPATH: deps.pythonPath ?? join(packageRoot(), 'native', 'bridge') },
      extendEnv: false,
      stdin: 'pipe',
      stderr: 'pipe',
      buffer: false,
      reject: false,
    },
  );
  const { answerMs = usualAnswerMs } = deps;
  const waiting = new Map<number, (answer: Answer) => void>();
  let last = 0;
  let silent = false;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const answer = readAnswer(line);
    if (answer === undefined) return;
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let lastError = '';
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastError = line;
  });
  // A child that died breaks the pipe; its end is told below.
  child.stdin.on('error', () => undefined);
  const ended = child.then(({ shortMessage }) => {
    onEnd();
    for (const [id, settle] of waiting) settle({ id, error: lastError || shortMessage || 'ended' });
    waiting.clear();
  });
  /** Within a driver that hangs, even SIGKILL may have to wait: nobody waits for it. */
  const giveUp = (): void => {
    silent = true;
    child.kill('SIGKILL');
  };
  return {
    async ask(deviceId) {
      last += 1;
      const id = last;
      if (silent) return { id, error: 'the driver hangs' };
      const late = new AbortController();
      const answer = new Promise<Answer>((resolve) => waiting.set(id, resolve));
      child.stdin.write(`${JSON.stringify({ id, uuid: deviceId })}\n`);
      const error = `no answer in ${answerMs} ms`;
      try {
        return await Promise.race([answer, delay(answerMs, { id, error }, late)]);
      } finally {
        late.abort();
        if (waiting.delete(id)) giveUp();
      }
    },
    async end() {
      child.stdin.end();
      const late = new AbortController();
      await Promise.race([ended, delay(answerMs, undefined, late)]);
      late.abort();
      giveUp();
    },
  };
}

/** A library's own word on stdout is no answer. */
function readAnswer(line: string): Answer | undefined {
  try {
    return answerSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
