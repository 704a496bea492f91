import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from '../temporal.ts';

/** A worker of a user's own workflows, in a process that is started again when it dies. */
export interface UserWorker {
  taskQueue: string;
  /** Of the process that serves now, or is about to be started anew. */
  pid(): number | undefined;
  stop(): Promise<void>;
}

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const restartMs = 500;

/** @param folder For the bundle. */
export async function startUserWorker(address: string, folder: string): Promise<UserWorker> {
  const taskQueue = 'churn';
  const bundle = join(folder, 'churn-bundle.js');
  await writeFile(bundle, (await bundleWorkflows(here('churnWorkflows.ts'))).code);
  const stopped = new AbortController();
  let child: ChildProcess | undefined;
  const running = (async () => {
    while (!stopped.signal.aborted) {
      child = fork(here('userWorker.mjs'), [address, taskQueue, bundle], { execArgv: [] });
      await once(child, 'exit');
      await delay(restartMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return {
    taskQueue,
    pid: () => child?.pid,
    async stop() {
      stopped.abort();
      child?.kill('SIGKILL');
      await running;
    },
  };
}
