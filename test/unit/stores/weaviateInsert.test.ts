import { expect, test, vi } from 'vitest';
import { createDurableInsert } from '../../../activities/stores/drivers/weaviate/durableInsert.ts';
import type { WeaviateObject } from '../../../activities/stores/drivers/weaviate/objects.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

const batch = (...ids: string[]) => ids.map((id) => ({ id }) as WeaviateObject);
const removed = (remove: { mock: { calls: unknown[][] } }) =>
  remove.mock.calls.flatMap(([, ids]) => ids as string[]).sort();

function rig() {
  const send = vi.fn(
    async (): Promise<{ errors: Record<number, { message: string }> }> => ({
      errors: {},
    }),
  );
  const remove = vi.fn(async (_physical: string, _ids: readonly string[]) => {});
  return { send, remove, insert: createDurableInsert(send, remove) };
}

test('batches that fail together are all deleted before they are sent again', async () => {
  const { send, remove, insert } = rig();
  send.mockRejectedValueOnce(berthError('StoreUnavailable', 'gone'));
  send.mockRejectedValueOnce(berthError('StoreUnavailable', 'gone'));
  const failed = await Promise.allSettled([insert('c', batch('a')), insert('c', batch('b'))]);
  expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await insert('c', batch('a'));
  await insert('c', batch('b'));
  expect(removed(remove)).toEqual(['a', 'b']);
  await insert('c', batch('a', 'b'));
  expect(removed(remove)).toEqual(['a', 'b']);
});

test('an object that was refused is deleted before it is sent again', async () => {
  const { send, remove, insert } = rig();
  send.mockResolvedValueOnce({ errors: { 1: { message: 'read-only' } } });
  expect(await insert('c', batch('a', 'b'))).toEqual({ 1: { message: 'read-only' } });
  await insert('c', batch('a', 'b'));
  expect(removed(remove)).toEqual(['b']);
});

test('a batch whose flush is refused is not there yet', async () => {
  const { send, remove, insert } = rig();
  send.mockResolvedValueOnce({ errors: {} });
  send.mockResolvedValueOnce({ errors: { 0: { message: 'shutting down' } } });
  await expect(insert('c', batch('a', 'b'))).rejects.toMatchObject({ type: 'StoreUnavailable' });
  await insert('c', batch('a', 'b'));
  expect(removed(remove)).toEqual(['a', 'b']);
});
