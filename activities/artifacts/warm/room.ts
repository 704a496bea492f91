import { mappedInodes } from '../../../native/addon/index.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { Paths } from '../../platform/paths.ts';
import { listFiles } from '../plaintext/folder.ts';
import { spaceOf } from '../plaintext/sharedMemory.ts';
import { filesOfCopy } from './copyFolder.ts';
import { type CopyState, decideRoom, type RoomDecision } from './evictionPolicy.ts';
import { inodeKey, pruneHeld } from './heldFiles.ts';
import type { WarmIndexFile } from './warmIndex.ts';

export interface RoomDeps {
  paths: Paths;
  index: WarmIndexFile;
  /** Bytes that copies may take; undefined for half of the file system. */
  budget: number | undefined;
  minimumResidencyMs: number;
  now(): number;
}

/**
 * Which copies to evict for `neededBytes` more.
 * @param what is named in the failure.
 * @throws BerthError NotWarmable (over the budget) or OutOfSpace (no memory), with the numbers.
 */
export async function planRoom(
  deps: RoomDeps,
  neededBytes: number,
  what: string,
): Promise<string[]> {
  const { totalBytes, freeBytes } = await spaceOf(deps.paths.shm);
  const budgetBytes = deps.budget ?? Math.floor(totalBytes / 2);
  const held = await pruneHeld(deps.index);
  const candidates = await listFiles(deps.paths.candidatesRoot);
  const decision = decideRoom({
    copies: await copyStates(deps),
    otherBytes: sum(held) + sum(candidates),
    neededBytes,
    budgetBytes,
    freeBytes,
    now: deps.now(),
    minimumResidencyMs: deps.minimumResidencyMs,
  });
  if (decision.fits) return decision.evict;
  throw noRoom(decision, { what, neededBytes, budgetBytes, freeBytes, shm: deps.paths.shm });
}

async function copyStates({ paths, index }: RoomDeps): Promise<CopyState[]> {
  const { copies } = await index.read();
  const found = await Promise.all(
    Object.entries(copies).map(async ([contentDigest, entry]) => ({
      contentDigest,
      entry,
      files: await filesOfCopy(paths, contentDigest),
    })),
  );
  const inodes = found.flatMap(({ files }) => files);
  const { mapped } = inodes.length === 0 ? { mapped: [] } : await mappedInodes(inodes);
  const alive = new Set(mapped.map(inodeKey));
  return found.map(({ contentDigest, entry, files }) => ({
    contentDigest,
    bytes: entry.bytes,
    pinned: entry.pinned,
    mapped: files.some((file) => alive.has(inodeKey(file))),
    lastUsedAt: entry.lastUsedAt,
  }));
}

function noRoom(
  decision: Extract<RoomDecision, { fits: false }>,
  facts: { what: string; neededBytes: number; budgetBytes: number; freeBytes: number; shm: string },
) {
  const { what, neededBytes, budgetBytes, freeBytes, shm } = facts;
  const { shortBytes, usedBytes, pinnedBytes, mappedBytes, youngBytes } = decision;
  const kept = `pinned ${pinnedBytes}, mapped by processes ${mappedBytes}, too young to evict ${youngBytes}`;
  return decision.short === 'budget'
    ? berthError(
        'NotWarmable',
        `${what}: needs ${neededBytes} bytes of shared memory, ${shortBytes} more than its budget of ${budgetBytes} leaves (in use ${usedBytes}: ${kept}); evict a model or raise BERTH_SHM_BUDGET`,
        decision,
      )
    : berthError(
        'OutOfSpace',
        `${what}: needs ${neededBytes} bytes in ${shm}, ${shortBytes} more than its file system can give (free ${freeBytes}; ${kept}); evict a model or enlarge it`,
        decision,
      );
}

function sum(files: readonly { bytes: number }[]): number {
  return files.reduce((bytes, file) => bytes + file.bytes, 0);
}
