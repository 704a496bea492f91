import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { SweepResult } from '../../../workflows/contracts/activities.ts';
import { artifactIdPattern } from '../../../workflows/contracts/ids.ts';
import type { Logger } from '../../platform/logging.ts';
import { listFiles, removeTree } from '../plaintext/folder.ts';
import { type DiscardDeps, discardAlone } from '../publish/discard.ts';
import { isPartial, listFolder } from '../store/partials.ts';
import type { WarmCopies } from '../warm/warmCopies.ts';

export interface SweepDeps extends DiscardDeps {
  warmCopies: Pick<WarmCopies, 'heal'>;
  /** Whether the workflow that owns the artifact is still under way. */
  isOpen(artifactId: string): Promise<boolean>;
  logger: Pick<Logger, 'info' | 'warn'>;
  /** What is younger is left alone: its job may not be visible yet. Default 10 min. */
  graceMs?: number;
}

/** Of models; backfills are swept beside it (activities/backfill/sweepJobs.ts). */
export type StoreSweep = Omit<SweepResult, 'jobs'>;

/** Removes what no job and no manifest owns, while nobody publishes. */
export async function sweepStore(deps: SweepDeps): Promise<StoreSweep> {
  const { graceMs = 600_000, warmCopies } = deps;
  await warmCopies.heal();
  return deps.store.withLock(async () => {
    const { paths, store } = deps;
    const before = await bytesBelow(deps);
    const abandoned = await findAbandoned(deps, graceMs);
    const staging = new Set(await listFolder(paths.store.stagingRoot));
    for (const artifactId of abandoned) {
      deps.logger.info({ artifactId }, 'sweeping what an ended job left');
      await discardAlone(deps, artifactId);
    }
    const blobs = await removeOrphans(deps, graceMs);
    await store.removePartials(graceMs);
    await removeOldPartials(paths.store.stagingRoot, graceMs);
    await removeOldPartials(paths.candidatesRoot, graceMs);
    return {
      staging: abandoned.filter((id) => staging.has(id)).length,
      blobs,
      scratch: abandoned.filter((id) => !staging.has(id)).length,
      freedBytes: Math.max(0, before - (await bytesBelow(deps))),
    };
  });
}

/** Artifact ids with staging, scratch or a candidate whose job has ended. */
async function findAbandoned({ paths, isOpen }: SweepDeps, graceMs: number): Promise<string[]> {
  const ids = new Map<string, string[]>();
  for (const root of [paths.store.stagingRoot, paths.scratchRoot, paths.candidatesRoot]) {
    for (const name of await listFolder(root)) {
      if (!artifactIdPattern.test(name)) continue;
      ids.set(name, [...(ids.get(name) ?? []), join(root, name)]);
    }
  }
  const abandoned: string[] = [];
  for (const [artifactId, folders] of ids) {
    const ages = await Promise.all(folders.map(ageMs));
    if (Math.min(...ages) >= graceMs && !(await isOpen(artifactId))) abandoned.push(artifactId);
  }
  return abandoned;
}

/** Blobs and wraps that no manifest names, such as those of a removal that was cut off. */
async function removeOrphans(deps: SweepDeps, graceMs: number): Promise<number> {
  const { paths, store, catalogue, isOpen, logger } = deps;
  const { opened, unreadable } = await catalogue.manifests();
  if (unreadable.length > 0) {
    // Its blobs would look like orphans, and with the manifest restored they are not.
    logger.warn({ unreadable }, 'a manifest does not verify: orphaned blobs are left alone');
    return 0;
  }
  const named = new Set(opened.map(({ manifest }) => manifest.artifactId));
  const staged = new Set(await listFolder(paths.store.stagingRoot));
  const stored = new Set([...(await store.blobs.artifacts()), ...(await store.wraps.list())]);
  let removed = 0;
  for (const artifactId of stored) {
    if (named.has(artifactId) || staged.has(artifactId)) continue;
    if (!artifactIdPattern.test(artifactId) || (await isOpen(artifactId))) continue;
    if ((await ageMs(paths.store.blobs(artifactId))) < graceMs) continue;
    await store.wraps.remove(artifactId);
    await store.blobs.remove(artifactId);
    removed += 1;
  }
  return removed;
}

async function removeOldPartials(root: string, graceMs: number): Promise<void> {
  for (const name of await listFolder(root)) {
    const path = join(root, name);
    if (isPartial(name) && (await ageMs(path)) >= graceMs) await removeTree(path);
  }
}

/** Time since a folder was last changed; endless when it is gone. */
async function ageMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? Number.POSITIVE_INFINITY : Date.now() - found.mtimeMs;
}

async function bytesBelow({ paths }: SweepDeps): Promise<number> {
  let bytes = 0;
  for (const root of [
    paths.store.root,
    paths.scratchRoot,
    paths.candidatesRoot,
    paths.modelsRoot,
  ]) {
    for (const file of await listFiles(root)) bytes += file.bytes;
  }
  return bytes;
}
