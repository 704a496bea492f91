import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import buildRoll from 'pino-roll';
import type { Paths } from '../../activities/platform/paths.ts';

/** Log of one process: `logs/<name>/<name>.<n>.log`, and `current.log` beside it. */
export interface ProcessLog {
  write(text: string): void;
  close(): Promise<void>;
}

export function currentLogFile(paths: Paths, name: string): string {
  return join(paths.logs, name, 'current.log');
}

/** Names of the processes that have a log. */
export async function listLogs(paths: Paths): Promise<string[]> {
  const entries = await readdir(paths.logs, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Rotated at 10 MB; five older files are kept. */
export async function openProcessLog(paths: Paths, name: string): Promise<ProcessLog> {
  const folder = join(paths.logs, name);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const stream = await buildRoll({
    file: join(folder, name),
    size: '10m',
    limit: { count: 5, removeOtherLogFiles: true },
    symlink: true,
    mode: 0o600,
    sync: true,
  });
  // A full disk costs log lines, not the stack.
  stream.on('error', () => undefined);
  let closed = false;
  return {
    write: (text) => {
      if (!closed) stream.write(text);
    },
    close: () =>
      new Promise((resolve) => {
        closed = true;
        stream.once('close', () => resolve());
        stream.end();
      }),
  };
}
