import { chmod, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EvictResult } from '../../../workflows/contracts/activities.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import type { Manifest } from '../../../workflows/contracts/manifest.ts';
import { withFileLock } from '../../platform/fileLock.ts';
import type { Logger } from '../../platform/logging.ts';
import type { Paths } from '../../platform/paths.ts';
import { reportingFullDisk } from '../failures.ts';
import { modelBytes } from '../manifest.ts';
import { listFiles, removeTree } from '../plaintext/folder.ts';
import { requireSharedMemory } from '../plaintext/sharedMemory.ts';
import type { Work } from '../work.ts';
import { filesOfCopy, holdsManifest, makeCopy } from './copyFolder.ts';
import { evictCopy } from './eviction.ts';
import { healCopies } from './heal.ts';
import { bringIn, createMemoryLocks } from './residency.ts';
import { planRoom } from './room.ts';
import { type CopyEntry, createWarmIndex } from './warmIndex.ts';

export interface WarmCopiesDeps {
  paths: Paths;
  /** Bytes that copies may take; undefined for half of the file system. */
  budget: number | undefined;
  logger: Pick<Logger, 'info' | 'warn'>;
  /** A copy is not evicted to make room this soon after its last use. Default 60 s. */
  minimumResidencyMs?: number;
  now?: () => number;
}

export interface WarmOptions {
  /** Never evicted to make room. */
  pin: boolean;
  /** mlock while this process lives. */
  lock: boolean;
}

/** Decrypted models in shared memory, by contentDigest; any number of processes map one copy. */
export interface WarmCopies {
  /**
   * Makes sure that there is a copy; `open` fills a new folder with verified plaintext and is
   * called only when there is none. Concurrent calls for one model do the work once.
   */
  warm(
    manifest: Manifest,
    options: WarmOptions,
    open: (folder: string) => Promise<void>,
    work: Work,
  ): Promise<{ path: string; reused: boolean }>;
  /**
   * Makes a candidate, already verified, the copy; drops it when there is one or no room.
   * @returns whether there is a copy now
   */
  adopt(manifest: Manifest, candidate: string): Promise<boolean>;
  evict(contentDigest: string): Promise<EvictResult>;
  /** Evicts least recently used copies until `bytes` more fit; throws as `warm` does. */
  makeRoom(bytes: number, what: string): Promise<void>;
  list(): Promise<Record<string, CopyEntry>>;
  /** Repairs what a crash left; done once by every other call, again by `sweep`. */
  heal(): Promise<number>;
}

const unpinned: WarmOptions = { pin: false, lock: false };

export function createWarmCopies(deps: WarmCopiesDeps): WarmCopies {
  const { paths, budget, logger, minimumResidencyMs = 60_000, now = Date.now } = deps;
  const index = createWarmIndex(paths.warmIndex);
  const locks = createMemoryLocks();
  const parts = { paths, index, locks };
  const room = { paths, index, budget, minimumResidencyMs, now };
  let healed: Promise<void> | undefined;

  /** Runs alone among all that add or remove copies. */
  const alone = <T>(run: () => Promise<T>, signal?: AbortSignal) =>
    withFileLock(join(dirname(paths.warmIndex), 'copies'), run, signal);

  const heal = () => alone(() => healCopies(paths, index, now));

  /** A process that ended took its locks on memory with it. */
  async function lockAgain(): Promise<void> {
    for (const [contentDigest, { locked }] of Object.entries((await index.read()).copies)) {
      if (!locked) continue;
      await locks.lock(paths.model(contentDigest)).catch((error: unknown) => {
        logger.warn({ contentDigest, error: String(error) }, 'a warm copy is no longer locked');
      });
    }
  }

  async function healOnce(): Promise<void> {
    await heal();
    await lockAgain();
  }

  async function ready(): Promise<void> {
    healed ??= healOnce().catch((error: unknown) => {
      healed = undefined;
      throw error;
    });
    await healed;
  }

  async function makeRoomAlone(bytes: number, what: string): Promise<void> {
    for (const contentDigest of await planRoom(room, bytes, what)) {
      await evictCopy(parts, contentDigest);
      logger.info({ contentDigest }, 'evicted the least recently used warm copy');
    }
  }

  async function isPresent(manifest: Manifest): Promise<boolean> {
    return holdsManifest(await filesOfCopy(paths, manifest.contentDigest), manifest);
  }

  async function note(manifest: Manifest, options: WarmOptions): Promise<void> {
    const { contentDigest } = manifest;
    const files = await filesOfCopy(paths, contentDigest);
    if (files.length === 0) return;
    await index.update((state) => {
      const known = state.copies[contentDigest];
      state.copies[contentDigest] = {
        bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
        pinned: options.pin || (known?.pinned ?? false),
        locked: options.lock || (known?.locked ?? false),
        warmedAt: known?.warmedAt ?? now(),
        lastUsedAt: now(),
      };
    });
  }

  async function openAlone(
    manifest: Manifest,
    newBytes: number,
    open: (folder: string) => Promise<void>,
  ): Promise<boolean> {
    if (await isPresent(manifest)) return true;
    // Whatever stands there under its name is not the model: it was damaged from outside.
    await evictCopy(parts, manifest.contentDigest);
    await makeRoomAlone(newBytes, `${manifest.name} (${manifest.contentDigest})`);
    await reportingFullDisk(paths.shm, () => makeCopy(paths, manifest, open));
    // Within the lock: the next one to make room must know of it.
    await note(manifest, unpinned);
    return false;
  }

  return {
    heal,
    list: async () => (await index.read()).copies,

    async warm(manifest, options, open, work) {
      await requireSharedMemory(paths.modelsRoot);
      await ready();
      const path = paths.model(manifest.contentDigest);
      let reused = await isPresent(manifest);
      if (!reused) {
        const bytes = modelBytes(manifest);
        reused = await alone(() => openAlone(manifest, bytes, open), work.signal);
      }
      if (options.lock) await locks.lock(path);
      await note(manifest, options);
      if (reused) await bringIn(path);
      return { path, reused };
    },

    async adopt(manifest, candidate) {
      if ((await listFiles(candidate)).length === 0) return false;
      await requireSharedMemory(paths.modelsRoot);
      await ready();
      return alone(async () => {
        try {
          // Its bytes are in shared memory, and counted, already.
          const reused = await openAlone(manifest, 0, async (folder) => {
            // A folder that moves to another one must be writable.
            await chmod(candidate, 0o700);
            await rename(candidate, folder);
          });
          if (reused) await note(manifest, unpinned);
          return true;
        } catch (error) {
          if (!(error instanceof BerthError)) throw error;
          logger.warn({ reason: error.message }, 'the candidate does not stay as a warm copy');
          return false;
        } finally {
          await removeTree(candidate);
        }
      });
    },

    async evict(contentDigest) {
      await ready();
      const evicted = await alone(() => evictCopy(parts, contentDigest));
      return { evicted: evicted !== undefined, bytes: 0, stillMappedBytes: 0, ...evicted };
    },

    async makeRoom(bytes, what) {
      await ready();
      await alone(() => makeRoomAlone(bytes, what));
    },
  };
}
