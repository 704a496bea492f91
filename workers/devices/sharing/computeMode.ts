import { execa } from 'execa';
import type { Logger } from '../../../activities/platform/logging.ts';

/** Under it only one process, the MPS server, can use the GPU: nobody gets round the limits. */
const exclusive = 'EXCLUSIVE_PROCESS';

export interface ComputeMode {
  /**
   * Has the GPU taken by one process at a time. Warns and goes on where it is not permitted.
   * @returns the mode to give back; null when nothing was changed
   */
  makeExclusive(deviceId: string): Promise<string | null>;
  restore(deviceId: string, mode: string | null): Promise<void>;
  /** As nvidia-smi names it, such as `DEFAULT`; null where it cannot be told. */
  read(deviceId: string): Promise<string | null>;
}

/** Compute mode by nvidia-smi, which needs root to change it; the driver forgets it at a restart. */
export function createComputeMode(logger: Logger, env: NodeJS.ProcessEnv): ComputeMode {
  const smi = (...args: string[]) =>
    execa('nvidia-smi', args, { env, extendEnv: false, timeout: 30_000, reject: false });

  const read = async (deviceId: string): Promise<string | null> => {
    const answer = await smi('-i', deviceId, '--query-gpu=compute_mode', '--format=csv,noheader');
    const mode = answer.stdout.trim().toUpperCase();
    return answer.failed || !/^[A-Z_]+$/.test(mode) ? null : mode;
  };
  const set = async (deviceId: string, mode: string): Promise<string | undefined> => {
    const answer = await smi('-i', deviceId, '-c', mode);
    if (!answer.failed) return undefined;
    return `${answer.stdout}\n${answer.stderr}`.trim().split('\n')[0] || answer.shortMessage;
  };

  return {
    read,
    async makeExclusive(deviceId) {
      const before = await read(deviceId);
      if (before === exclusive) return null;
      const failure = await set(deviceId, exclusive);
      if (failure === undefined) return before ?? 'DEFAULT';
      logger.warn(
        { device: deviceId, reason: failure },
        'compute mode EXCLUSIVE_PROCESS is not permitted: a command that drops its MPS variables gets round its share',
      );
      return null;
    },
    async restore(deviceId, mode) {
      if (mode === null) return;
      const failure = await set(deviceId, mode);
      if (failure === undefined) return;
      logger.warn(
        { device: deviceId, mode, reason: failure },
        'the compute mode could not be given back; set it with nvidia-smi -c',
      );
    },
  };
}
