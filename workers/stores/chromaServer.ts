import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessCommand } from '../supervisor/childProcess.ts';

/** What the `chroma` program of the wheel runs; the wheel's own start script needs its Python client. */
const program = 'import sys, chromadb_rust_bindings as chroma; chroma.cli(sys.argv[1:])';

export interface ChromaServerOptions {
  /** findStoresPython(). */
  python: string;
  /** Where it keeps its data. */
  folder: string;
  host: string;
  port: number;
  env: NodeJS.ProcessEnv;
}

/** The Chroma server of PyPI's `chromadb`, without telemetry. */
export function chromaCommand(options: ChromaServerOptions): ProcessCommand {
  const { python, folder, host, port, env } = options;
  const args = ['-c', program, 'chroma', 'run', '--path', folder];
  args.push('--host', host, '--port', String(port));
  return {
    file: python,
    args,
    env: { ...withoutChroma(env), ANONYMIZED_TELEMETRY: 'False', NO_COLOR: '1' },
  };
}

/** Variables for clients must not steer the server. */
function withoutChroma(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('CHROMA_')));
}

/** Resolves once the server answers; rejects when the signal aborts first. */
export async function whenChromaAnswers(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/api/v2/heartbeat`, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    // The body is small, and an unread one keeps its connection.
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    await delay(50, undefined, { signal });
  }
}
