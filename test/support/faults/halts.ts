import { existsSync, watch } from 'node:fs';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A step of a worker on disk. */
export interface HaltPoint {
  /** Default `host`. */
  worker?: 'host' | 'device' | 'query';
  when: 'before' | 'after';
  operation: 'rename' | 'link' | 'rm';
  /** Regular expression over the path that the operation makes or removes. */
  path: string;
}

export interface ArmedHalt {
  /** Resolves when the worker stands there; rejects when `given up` comes first. */
  reached(givenUp: AbortSignal): Promise<void>;
  /** Lets it go on; nothing happens when it is dead or never came. */
  release(): Promise<void>;
}

export interface Halts {
  /** For the environment of the stack. */
  env: Record<string, string>;
  /** The first operation that matches halts, once. */
  arm(point: HaltPoint): Promise<ArmedHalt>;
  remove(): Promise<void>;
}

const preload = new URL('haltPreload.mjs', import.meta.url);

export async function createHalts(): Promise<Halts> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-halts-'));
  const options = process.env.NODE_OPTIONS ?? '';
  let count = 0;

  return {
    env: { BERTH_TEST_HALTS: folder, NODE_OPTIONS: `${options} --import ${preload.href}`.trim() },
    async arm(point) {
      count += 1;
      const number = count;
      const path = (state: string) => join(folder, `${number}.${state}`);
      const [armed, reached, released] = [path('armed'), path('reached'), path('released')];
      await writeFile(path('new'), JSON.stringify(point));
      await rename(path('new'), armed);
      return {
        reached: (givenUp) => appearance(folder, reached, givenUp),
        async release() {
          await rm(armed, { force: true });
          await writeFile(released, '');
        },
      };
    },
    async remove() {
      for (const name of await readdir(folder)) {
        await writeFile(join(folder, name.replace(/\w+$/, 'released')), '');
      }
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function appearance(folder: string, path: string, givenUp: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = watch(folder, () => existsSync(path) && finish(resolve));
    const abandon = () => finish(() => reject(givenUp.reason));
    const finish = (outcome: () => void) => {
      givenUp.removeEventListener('abort', abandon);
      watcher.close();
      outcome();
    };
    givenUp.addEventListener('abort', abandon);
    if (existsSync(path)) finish(resolve);
    else if (givenUp.aborted) abandon();
  });
}
