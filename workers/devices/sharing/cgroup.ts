import { access, constants, mkdir, readFile, rmdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** statfs(2): CGROUP2_SUPER_MAGIC. */
const cgroup2Magic = 0x63677270;

/** Length of the period that cpu.max counts in, microseconds; the kernel's default. */
const periodUs = 100_000;

export interface CgroupLimits {
  memoryBytes: number;
  /** Cores' worth of time, such as 1.5; null for any. */
  cores: number | null;
}

/** A part of the cgroup v2 tree that this user may divide (cgroups(7), delegation). */
export interface CgroupParent {
  /** @returns the folder of the new group */
  create(name: string, limits: CgroupLimits): Promise<string>;
  /** Ends what still runs in the group, also what left its process group, and removes it. Idempotent. */
  remove(name: string): Promise<void>;
}

/** Places to look at, so that a test can describe another machine. */
export interface CgroupPlaces {
  /** Groups of this process, /proc/self/cgroup. */
  own: string;
  /** Where the tree is mounted. */
  mount: string;
  isCgroup2(mount: string): Promise<boolean>;
}

const thisMachine: CgroupPlaces = {
  own: '/proc/self/cgroup',
  mount: '/sys/fs/cgroup',
  isCgroup2: async (mount) => (await statfs(mount)).type === cgroup2Magic,
};

/**
 * Finds where groups with a memory limit may be made: beside or below the group of this process.
 * @returns undefined where cgroup v2 is absent or not delegated, which is no error
 */
export async function findCgroupParent({
  own,
  mount,
  isCgroup2,
}: CgroupPlaces = thisMachine): Promise<CgroupParent | undefined> {
  try {
    if (!(await isCgroup2(mount))) return undefined;
    const path = /^0::(\/.*)$/m.exec(await readFile(own, 'utf8'))?.[1];
    if (path === undefined) return undefined;
    for (const folder of [join(mount, path), join(mount, path, '..')]) {
      if (await isDivisible(folder)) return createCgroupParent(folder);
    }
  } catch {
    // Hidden or unreadable: as if it were absent.
  }
  return undefined;
}

/** Children may be made, may be entered, and get a memory limit. */
async function isDivisible(folder: string): Promise<boolean> {
  try {
    const controllers = await readFile(join(folder, 'cgroup.subtree_control'), 'utf8');
    if (!controllers.split(/\s+/).includes('memory')) return false;
    await access(folder, constants.W_OK);
    await access(join(folder, 'cgroup.procs'), constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function createCgroupParent(parent: string): CgroupParent {
  return {
    async create(name, { memoryBytes, cores }) {
      const folder = join(parent, name);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'memory.max'), String(Math.floor(memoryBytes)));
      await writeIfPresent(join(folder, 'memory.swap.max'), '0');
      if (cores !== null) {
        const quota = Math.max(1_000, Math.round(cores * periodUs));
        await writeIfPresent(join(folder, 'cpu.max'), `${quota} ${periodUs}`);
      }
      return folder;
    },
    async remove(name) {
      const folder = join(parent, name);
      for (let tries = 0; ; tries += 1) {
        try {
          await rmdir(folder);
          return;
        } catch (error) {
          const { code } = error as NodeJS.ErrnoException;
          if (code === 'ENOENT') return;
          if (code !== 'EBUSY' || tries >= 100) throw error;
          await writeIfPresent(join(folder, 'cgroup.kill'), '1');
          await delay(20);
        }
      }
    },
  };
}

/** A controller that is not enabled, or an older kernel, has no such file. */
async function writeIfPresent(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'r+' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
