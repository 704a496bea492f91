import { BerthError, berthError } from '../../../../workflows/contracts/errors.ts';
import type { WeaviateObject } from './objects.ts';

/** By their place in the batch. */
type ObjectErrors = Record<number, { message: string }>;

/**
 * Inserts that survive kill -9 of the server. As of 1.35, a batch's vectors reach the index's log only
 * with the next batch (objectsBatcher.Objects flushes before its workers are done), objects that the
 * log lacks are not indexed again at a start, and an object that is sent again unchanged is skipped.
 * So one object is sent once more, which flushes; and where it is unknown how far a batch came, its
 * objects are deleted before they are sent again.
 */
export function createDurableInsert(
  send: (physical: string, objects: WeaviateObject[]) => Promise<{ errors: ObjectErrors }>,
  remove: (physical: string, ids: readonly string[]) => Promise<void>,
): (physical: string, objects: WeaviateObject[]) => Promise<ObjectErrors> {
  const doubtful = new Map<string, Set<string>>();
  // One for all batches that are under way: they fail together.
  const doubtfulOf = (physical: string): Set<string> => {
    const known = doubtful.get(physical) ?? new Set();
    doubtful.set(physical, known);
    return known;
  };

  return async (physical, objects) => {
    const unsure = doubtfulOf(physical);
    const again = objects.flatMap(({ id }) => (unsure.has(id) ? [id] : []));
    if (again.length > 0) await remove(physical, again);
    try {
      const { errors } = await send(physical, objects);
      const kept = objects.find((_, at) => errors[at] === undefined);
      const flushed = kept === undefined ? { errors: {} } : await send(physical, [kept]);
      const [unflushed] = Object.values<{ message: string }>(flushed.errors);
      if (unflushed !== undefined) {
        throw berthError('StoreUnavailable', `${physical}: ${unflushed.message}; retried later`);
      }
      for (const id of again) unsure.delete(id);
      // Whether they were refused before or after they were stored is not said.
      for (const at of Object.keys(errors)) unsure.add(objects[Number(at)]?.id ?? '');
      return errors;
    } catch (error) {
      if (error instanceof BerthError && error.type === 'StoreUnavailable') {
        for (const { id } of objects) unsure.add(id);
      }
      throw error;
    }
  };
}
