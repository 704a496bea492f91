import { mappedInodes } from '../../../native/addon/index.ts';
import type { HeldFile, WarmIndexFile } from './warmIndex.ts';

/**
 * Drops evicted files that no process maps any more: only then are their bytes free.
 * @returns what is left
 */
export async function pruneHeld(index: WarmIndexFile): Promise<HeldFile[]> {
  const { held } = await index.read();
  if (held.length === 0) return [];
  const { mapped } = await mappedInodes(held);
  const alive = new Set(mapped.map(inodeKey));
  const seen = new Set(held.map(inodeKey));
  await index.update((state) => {
    // What was added since the look at /proc stays.
    state.held = state.held.filter(
      (file) => alive.has(inodeKey(file)) || !seen.has(inodeKey(file)),
    );
  });
  return held.filter((file) => alive.has(inodeKey(file)));
}

export function inodeKey({ dev, ino }: { dev: number; ino: number }): string {
  return `${dev}:${ino}`;
}
