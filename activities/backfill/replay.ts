import { existsSync } from 'node:fs';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Paths } from '../platform/paths.ts';
import type { SourceItem } from '../sources/recordSource.ts';
import { readDeadLetters } from './deadLetters.ts';

/** What a job failed on: by id, and by place where no id could be read. */
export interface Replay {
  ids: ReadonlySet<string>;
  places: ReadonlySet<string>;
}

/**
 * What a replay of a job reads again.
 * @throws BerthError InvalidRequest when the job left no dead letters, ArtifactCorrupt
 */
export async function readReplay(paths: Paths, jobId: string): Promise<Replay> {
  const { deadLetters } = paths.backfill(jobId);
  if (!existsSync(deadLetters)) {
    throw berthError(
      'InvalidRequest',
      `${deadLetters}: job ${jobId} left no dead letters on this host; there is nothing to replay`,
    );
  }
  const letters = await readDeadLetters(deadLetters);
  const ids = letters.flatMap(({ id }) => (id === null ? [] : [id]));
  const places = letters.flatMap(({ id, place }) => (id === null ? [place] : []));
  return { ids: new Set(ids), places: new Set(places) };
}

/** Whether an item of the source is one of them; its line may be well-formed by now. */
export function inReplay({ ids, places }: Replay, item: SourceItem): boolean {
  if ('record' in item) return ids.has(item.record.id) || places.has(item.place);
  const { id, place } = item.failure;
  return places.has(place) || (id !== null && ids.has(id));
}
