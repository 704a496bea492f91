import { BerthError } from '../../../../workflows/contracts/errors.ts';
import type { Doubts } from './doubts.ts';
import type { WeaviateObject } from './objects.ts';
import { createSharedFlush } from './sharedFlush.ts';

/** By their place in the batch. */
export type ObjectErrors = Record<number, { message: string }>;

export interface DurableInsertDeps {
  /** Sends once, and never again on its own. */
  send(physical: string, objects: readonly WeaviateObject[]): Promise<ObjectErrors>;
  /** Writes out what the index has. @param id of an object that is there */
  flush(physical: string, id: string): Promise<void>;
  remove(physical: string, ids: readonly string[]): Promise<void>;
  /** Whether an object of this error may be stored although it is refused. */
  mayBeStored(message: string): boolean;
  doubts: Doubts;
}

/**
 * Inserts that survive kill -9 of the server. As of 1.35, a batch's vectors reach the index's log only
 * with the next batch (objectsBatcher.Objects flushes before its workers are done), objects that the
 * log lacks are not indexed again at a start, and an object that is sent again unchanged is skipped.
 * So a flush follows the batch; and where it is unknown how far a batch came, its objects are deleted
 * before they are sent again.
 */
export function createDurableInsert({
  send,
  flush,
  remove,
  mayBeStored,
  doubts,
}: DurableInsertDeps): (physical: string, objects: WeaviateObject[]) => Promise<ObjectErrors> {
  const flushed = createSharedFlush(flush);

  return async (physical, objects) => {
    const ids = objects.map(({ id }) => id);
    const again = doubts.among(physical, ids);
    await doubts.add(physical, ids);
    if (again.length > 0) await remove(physical, again);
    const errors = await send(physical, objects).catch(async (error: unknown) => {
      if (isRefusal(error)) await doubts.remove(physical, ids);
      throw error;
    });
    const kept = ids.find((_, at) => errors[at] === undefined);
    if (kept !== undefined) await flushed(physical, kept);
    const known = ids.filter((_, at) => !mayBeStored(errors[at]?.message ?? ''));
    await doubts.remove(physical, known);
    return errors;
  };
}

/** The server has looked at the batch and taken nothing of it. */
const isRefusal = (error: unknown): boolean =>
  error instanceof BerthError && error.type !== 'StoreUnavailable';
