import type { Point, StoredPoint } from '../stores/vectorStore.ts';
import type { StoreWriter } from './storeWriter.ts';
import type { WriteTask } from './writeTasks.ts';

/** Former versions of live records as a store has them, by point id. */
export type FormerPoints = ReadonlyMap<string, StoredPoint>;

/**
 * Reads what is about to be overwritten chunk by chunk, because one of the new chunks may be refused.
 * A record of one chunk before and after is replaced in one piece, or not at all.
 */
export function readFormer(
  writer: StoreWriter,
  tasks: readonly WriteTask[],
): Promise<FormerPoints> {
  const ids = tasks.flatMap((task) => (isOnePiece(task) ? [] : task.former));
  return writer.read(ids, { vectors: true });
}

/**
 * A record of which a store refuses one chunk goes as a whole: its former version comes back where
 * there is a complete one, else nothing of it stays.
 * @param former null: in a collection that nobody reads yet
 * @param openWriter For the former versions, whose records `writer` leaves out by now
 */
export async function withdrawRefused(
  writer: StoreWriter,
  tasks: readonly WriteTask[],
  former: FormerPoints | null,
  openWriter: () => StoreWriter,
): Promise<(WriteTask & { reason: string })[]> {
  const refused = tasks.flatMap((task) => {
    const reason = writer.refused().get(task.record.id);
    return reason === undefined ? [] : [{ ...task, reason }];
  });
  const touched = refused.filter((task) => former === null || !isOnePiece(task));
  const versions = touched.map((task) => ({ ...task, points: versionOf(task, former) }));
  const restoring = openWriter();
  // Chunk 0 goes last here too: its digest says that the record is complete.
  await restoring.upsert(versions.flatMap(({ points }) => points.slice(1)));
  await restoring.upsert(versions.flatMap(({ points }) => points.slice(0, 1)));
  const lost = restoring.refused();
  await writer.remove(
    versions.flatMap(({ record, all, points }) => {
      const kept = new Set(lost.has(record.id) ? [] : points.map(({ id }) => id));
      return all.filter((id) => !kept.has(id));
    }),
  );
  return refused;
}

const isOnePiece = ({ all }: WriteTask): boolean => all.length === 1;

/** Empty where a chunk is not there any more. */
function versionOf({ former }: WriteTask, points: FormerPoints | null): Point[] {
  if (points === null) return [];
  const version = former.flatMap((id): Point[] => {
    const { vector, ...point } = points.get(id) ?? { vector: null };
    return vector === null ? [] : [{ ...(point as Omit<Point, 'vector'>), vector }];
  });
  return version.length === former.length ? version : [];
}
