import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import {
  createDoubts,
  type Doubts,
  openDoubts,
} from '../../../activities/stores/drivers/weaviate/doubts.ts';
import {
  createDurableInsert,
  type ObjectErrors,
} from '../../../activities/stores/drivers/weaviate/durableInsert.ts';
import type { WeaviateObject } from '../../../activities/stores/drivers/weaviate/objects.ts';
import { createSharedFlush } from '../../../activities/stores/drivers/weaviate/sharedFlush.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-doubts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const batch = (...ids: string[]) => ids.map((id) => ({ id }) as WeaviateObject);
const removed = (remove: { mock: { calls: unknown[][] } }) =>
  remove.mock.calls.flatMap(([, ids]) => ids as string[]).sort();

function rig(doubts: Doubts = createDoubts()) {
  const send = vi.fn(async (): Promise<ObjectErrors> => ({}));
  const flush = vi.fn(async (_physical: string, _id: string) => {});
  const remove = vi.fn(async (_physical: string, _ids: readonly string[]) => {});
  const mayBeStored = (message: string) => message === 'read-only';
  const insert = createDurableInsert({ send, flush, remove, mayBeStored, doubts });
  return { send, flush, remove, insert };
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

test('an object that may be stored although it was refused is deleted before it is sent again', async () => {
  const { send, remove, insert } = rig();
  send.mockResolvedValueOnce({ 1: { message: 'read-only' } });
  expect(await insert('c', batch('a', 'b'))).toEqual({ 1: { message: 'read-only' } });
  await insert('c', batch('a', 'b'));
  expect(removed(remove)).toEqual(['b']);
});

test('what was refused before it was stored is not deleted: its former version stays', async () => {
  const { send, remove, insert } = rig();
  send.mockResolvedValueOnce({ 0: { message: 'no such property' } });
  await insert('c', batch('a', 'b'));
  send.mockRejectedValueOnce(berthError('StoreRejected', 'no text'));
  await expect(insert('c', batch('a', 'b'))).rejects.toMatchObject({ type: 'StoreRejected' });
  await insert('c', batch('a', 'b'));
  expect(remove).not.toHaveBeenCalled();
});

test.each(['StoreUnavailable', 'CredentialsRefused', 'StoreThrottled'] as const)(
  'a batch whose flush fails by %s is not there yet',
  async (type) => {
    const { flush, remove, insert } = rig();
    flush.mockRejectedValueOnce(berthError(type, 'not now'));
    await expect(insert('c', batch('a', 'b'))).rejects.toMatchObject({ type });
    await insert('c', batch('a', 'b'));
    expect(removed(remove)).toEqual(['a', 'b']);
  },
);

test('the next process learns of what the last one left in doubt, once', async () => {
  const before = openDoubts(folder, 'weaviate http://one');
  const first = rig(before);
  await first.insert('c', batch('a'));
  first.send.mockRejectedValueOnce(berthError('StoreUnavailable', 'gone'));
  await expect(first.insert('c', batch('b', 'c'))).rejects.toThrow('gone');
  await before.close();

  const elsewhere = openDoubts(folder, 'weaviate http://two');
  expect(elsewhere.among('c', ['a', 'b', 'c'])).toEqual([]);
  await elsewhere.close();

  const after = openDoubts(folder, 'weaviate http://one');
  expect(after.among('c', ['a', 'b', 'c'])).toEqual(['b', 'c']);
  const second = rig(after);
  await second.insert('c', batch('a', 'b'));
  expect(removed(second.remove)).toEqual(['b']);
  expect(after.among('c', ['a', 'b', 'c'])).toEqual(['c']);
  await after.add('d', ['c']);
  await after.forget('c');
  expect(after.among('c', ['c'])).toEqual([]);
  expect(after.among('d', ['c'])).toEqual(['c']);
  await after.close();
});

test('those who ask during a flush share the next one', async () => {
  const ends: (() => void)[] = [];
  const flush = vi.fn(() => new Promise<void>((end) => void ends.push(end)));
  const flushed = createSharedFlush(flush);
  const done: string[] = [];
  const ask = (id: string) => flushed('c', id).then(() => done.push(id));
  const all = [ask('a'), ask('b'), ask('c')];
  expect(flush.mock.calls).toEqual([['c', 'a']]);
  ends[0]?.();
  await all[0];
  await vi.waitUntil(() => ends.length === 2);
  expect(done).toEqual(['a']);
  ends[1]?.();
  await Promise.all(all);
  expect(flush.mock.calls).toEqual([
    ['c', 'a'],
    ['c', 'b'],
  ]);
});

test('a flush that fails fails only those who waited for it', async () => {
  const flush = vi.fn(async (_physical: string, id: string) => {
    if (id === 'a') throw new Error('full');
  });
  const flushed = createSharedFlush(flush);
  const [first, second] = await Promise.allSettled([flushed('c', 'a'), flushed('c', 'b')]);
  expect([first?.status, second?.status]).toEqual(['rejected', 'fulfilled']);
});
