import { mkdir } from 'node:fs/promises';
import { portNumbers } from 'get-port';
import type { Paths } from '../../activities/platform/paths.ts';
import { findStoresPython } from '../../activities/platform/storesPython.ts';
import { chromaCommand, whenChromaAnswers } from '../stores/chromaServer.ts';
import { type ClaimedPort, claimPort } from '../temporal/claimPort.ts';
import type { ManagedProcessSpec } from './managedProcess.ts';
import type { ChromaStatus } from './stackFile.ts';

const host = '127.0.0.1';
/** Chroma's usual port, or one of the next. */
const ports = portNumbers(8000, 8200);

/** A server that does not answer by then is killed and started again. */
const startTimeoutMs = 60_000;

export interface ChromaProcessDeps {
  paths: Paths;
  env: NodeJS.ProcessEnv;
  /** Port of the run before. */
  previous: number | undefined;
  onStatus(status: ChromaStatus): void;
}

export interface ChromaProcessSpec extends ManagedProcessSpec {
  /** Lets other stacks have its port. */
  releasePort(): Promise<void>;
}

/**
 * How the supervisor runs the stack's own vector store and knows that it serves.
 * @throws BerthError InvalidRequest when its Python is not set up
 */
export function createChromaSpec({
  paths,
  env,
  previous,
  onStatus,
}: ChromaProcessDeps): ChromaProcessSpec {
  const python = findStoresPython(env);
  let claimed: ClaimedPort | undefined;
  let served = false;
  const url = () => `http://${host}:${claimed?.port}`;
  return {
    name: 'chroma',
    ipc: false,
    async command() {
      // Workers know the port once it has served; before that, one taken meanwhile is exchanged.
      if (claimed === undefined || !served) {
        const before = claimed;
        claimed = await claimPort(host, [...ports], {
          previous: before === undefined ? previous : undefined,
          what: 'the Chroma server',
        });
        await before?.release();
      }
      onStatus({ url: url(), port: claimed.port });
      await mkdir(paths.chroma, { recursive: true, mode: 0o700 });
      return chromaCommand({ python, folder: paths.chroma, host, port: claimed.port, env });
    },
    async whenReady(_child, signal) {
      await whenChromaAnswers(
        url(),
        AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)]),
      );
      served = true;
    },
    async releasePort() {
      await claimed?.release();
    },
  };
}
