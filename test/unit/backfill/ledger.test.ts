import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import type { PageClaim } from '../../../activities/backfill/ledger.ts';
import { type OpenLedger, openLmdbLedger } from '../../../activities/backfill/lmdbLedger.ts';
import { pointId } from '../../../activities/backfill/pointIds.ts';
import type { RecordFailure } from '../../../activities/sources/recordSource.ts';
import { hashVector } from '../../support/backfill/textEmbedding.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('ledger');
let number = 0;
const open: OpenLedger[] = [];
afterEach(async () => {
  for (const ledger of open.splice(0)) await ledger.close();
});

function newLedger(): OpenLedger {
  const ledger = openLmdbLedger(`${folder}/${number++}`);
  open.push(ledger);
  return ledger;
}

/** `a` has one chunk, `a*3` has three. */
function claimOf(
  partition: number,
  page: number,
  ids: string[],
  more: Partial<PageClaim> = {},
): PageClaim {
  const entries = ids.map((id) => {
    const [recordId = '', chunks = '1'] = id.split('*');
    const texts = Array.from({ length: Number(chunks) }, (_, chunk) => `${id}/${chunk}`);
    return {
      recordId,
      recordDigest: Buffer.from(id).toString('hex').padEnd(64, '0').slice(0, 64),
      chunks: texts.map((text) => ({ text, vector: hashVector(text) })),
    };
  });
  return { partition, page, round: 0, sourceName: 's', sample: 4, entries, failed: [], ...more };
}

const claimed = (mostChunks = 1, again = false) => ({ kind: 'claimed', mostChunks, again });
const first = (partition: number, page: number, position: number) => ({
  kind: 'duplicate',
  first: { partition, page, position },
});

test('the first of two records with the same id wins, also when either is tried again', () => {
  const ledger = newLedger();
  const one = claimOf(0, 0, ['a', 'b', 'a']);
  const two = claimOf(1, 0, ['c', 'b']);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(ledger.claim(one)).toEqual([claimed(), claimed(), first(0, 0, 0)]);
    expect(ledger.claim(two)).toEqual([claimed(), first(0, 0, 1)]);
  }
  expect(ledger.totals()).toEqual({ records: 3, points: 3 });
});

test('a retry that reads less takes back what the page had claimed', () => {
  const ledger = newLedger();
  ledger.claim(claimOf(0, 0, ['a*2', 'b', 'c*3']));
  expect(ledger.totals()).toEqual({ records: 3, points: 6 });
  expect(ledger.claim(claimOf(0, 0, ['c*3', 'a']))).toEqual([claimed(3), claimed(2)]);
  expect(ledger.totals()).toEqual({ records: 2, points: 4 });
  expect(ledger.inSource('b')).toBe(false);
  expect(ledger.find(['a', 'b'])).toMatchObject([
    { position: 1, chunks: 1, mostChunks: 2 },
    undefined,
  ]);
  expect(ledger.sample().filter(({ recordId }) => recordId === 'b')).toEqual([]);
  expect(ledger.claim(claimOf(1, 0, ['b']))).toEqual([claimed()]);
});

test('what a catch-up round reads just as it was is known, also when it is tried again', () => {
  const ledger = newLedger();
  ledger.claim(claimOf(0, 0, ['a*2', 'b']));
  const round = claimOf(5, 0, ['a*2', 'b*2', 'c'], { round: 1 });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect(ledger.claim(round)).toEqual([claimed(2, true), claimed(2), claimed()]);
  }
  expect(ledger.totals()).toEqual({ records: 3, points: 5 });
  const next = claimOf(6, 0, ['a*2', 'b', 'c'], { round: 2 });
  expect(ledger.claim(next)).toEqual([claimed(2, true), claimed(2), claimed(1, true)]);
});

test('a record that fails counts once, wherever and however often it does', () => {
  const ledger = newLedger();
  const failed = (id: string | null, place: string, kind: RecordFailure['kind']) => ({
    ...{ id, place, kind, reason: '', excerpt: '' },
  });
  const one = failed(null, 'line 1', 'malformed');
  const two = failed(null, 'line 2', 'malformed');
  const named = failed('x', 'line 3', 'store-refused');
  const moved = { ...named, place: 'line 4' };
  const twins = [failed('y', 'line 5', 'duplicate-id'), failed('y', 'line 6', 'duplicate-id')];
  const page = { partition: 0, page: 0 };
  for (let attempt = 0; attempt < 2; attempt += 1) {
    expect(ledger.ownFailures(page, null, [one, ...twins])).toEqual([one, ...twins]);
    expect(ledger.ownFailures(page, 'chroma', [named])).toEqual([named]);
    expect(ledger.ownFailures(page, 'lancedb', [named])).toEqual([]);
    const later = { partition: 4, page: 0 };
    expect(ledger.ownFailures(later, null, [one, two, ...twins])).toEqual([two]);
    expect(ledger.ownFailures(later, 'chroma', [moved])).toEqual([]);
  }
});

test('a catch-up round replaces what a former one read', () => {
  const ledger = newLedger();
  ledger.claim(claimOf(0, 0, ['a*3', 'b']));
  expect(ledger.claim(claimOf(5, 0, ['a*2'], { round: 1 }))).toEqual([claimed(3)]);
  expect(ledger.totals()).toEqual({ records: 2, points: 3 });
  expect(ledger.find(['a'])).toMatchObject([{ partition: 5, round: 1, chunks: 2, mostChunks: 3 }]);
  expect(ledger.claim(claimOf(0, 0, ['a*3', 'b']))).toEqual([{ kind: 'superseded' }, claimed()]);
  expect(ledger.claim(claimOf(6, 0, ['a*2'], { round: 1 }))).toEqual([first(5, 0, 0)]);
});

test('records that failed are in the source though not in the ledger, until a retry brings them', () => {
  const ledger = newLedger();
  ledger.claim(claimOf(0, 0, ['a'], { failed: [{ recordId: 'x' }, { recordId: null }] }));
  expect(ledger.inSource('x')).toBe(true);
  expect(ledger.unnamedFailures()).toBe(1);
  ledger.claim(claimOf(0, 0, ['a'], { failed: [{ recordId: null }, { recordId: null }] }));
  expect(ledger.inSource('x')).toBe(false);
  expect(ledger.unnamedFailures()).toBe(2);
  ledger.claim(claimOf(0, 0, ['a']));
  expect(ledger.unnamedFailures()).toBe(0);
  expect(ledger.totals()).toEqual({ records: 1, points: 1 });
});

test('records come by the bytes of their ids, long and odd ones too', () => {
  const ledger = newLedger();
  const long = 'ü'.repeat(500);
  const ids = ['b', 'a', 'ä', '\u{1F600}', `${long}1`, `${long}2`, 'x'.repeat(500), 'a b'];
  ledger.claim(claimOf(0, 0, ids));
  const byBytes = [...ids].sort((one, other) =>
    Buffer.compare(Buffer.from(one), Buffer.from(other)),
  );
  const read = [...ledger.records()].map(({ recordId }) => recordId);
  // Of two long ids with the same beginning the order is that of their hashes.
  const short = (list: string[]) => list.filter((id) => !id.startsWith(long));
  expect(short(read)).toEqual(short(byBytes));
  expect([...read].sort()).toEqual([...ids].sort());
  expect(ledger.find(ids).map((record) => record?.recordId)).toEqual(ids);
});

test('what a store refused is not expected of it', () => {
  const ledger = newLedger();
  const page = { partition: 0, page: 0 };
  ledger.claim(claimOf(0, 0, ['a*3', 'b', 'c']));
  ledger.setRefused('chroma', page, ['a', 'b']);
  ledger.setRefused('qdrant=http://q:1', page, ['c']);
  expect(ledger.expected('chroma')).toEqual({ records: 1, points: 1 });
  expect(ledger.expected('qdrant=http://q:1')).toEqual({ records: 2, points: 4 });
  expect(ledger.expected('weaviate')).toEqual(ledger.totals());
  ledger.setRefused('chroma', page, ['a']);
  expect(ledger.refused('chroma').map(({ recordId }) => recordId)).toEqual(['a']);
  ledger.claim(claimOf(7, 0, ['a'], { round: 1 }));
  expect(ledger.expected('chroma')).toEqual({ records: 3, points: 3 });
  ledger.setRefused('chroma', page, []);
  expect(ledger.refused('chroma')).toEqual([]);
});

test('the sample is the same in whatever order and however often pages come', () => {
  const pages = Array.from({ length: 12 }, (_, page) =>
    claimOf(page % 3, Math.floor(page / 3), [`r${page}*2`, `s${page}`]),
  );
  const ids = pages.flatMap(({ entries }) =>
    entries.flatMap(({ recordId, chunks }) =>
      chunks.map((_, chunk) => pointId('s', recordId, chunk)),
    ),
  );
  const expected = ids.sort().slice(0, 4);
  const order = fc.shuffledSubarray([...pages, ...pages], { minLength: 24, maxLength: 24 });
  fc.assert(
    fc.property(order, (shuffled) => {
      const ledger = newLedger();
      for (const page of shuffled) ledger.claim(page);
      const sample = ledger.sample();
      expect(sample.map(({ id }) => id)).toEqual(expected);
      for (const { text, vector } of sample) expect(vector).toEqual(hashVector(text));
    }),
    { numRuns: 5 },
  );
});

test('a sample of none keeps none', () => {
  const ledger = newLedger();
  ledger.claim(claimOf(0, 0, ['a*3'], { sample: 0 }));
  expect(ledger.sample()).toEqual([]);
});

test('a ledger is there when it is opened again, and a failed transaction is not', async () => {
  const path = `${folder}/again`;
  const ledger = openLmdbLedger(path);
  ledger.claim(claimOf(0, 0, ['a*2']));
  const broken = claimOf(0, 1, ['b', 'c']);
  Object.defineProperty(broken.entries[1], 'recordDigest', {
    get() {
      throw new Error('broken');
    },
  });
  expect(() => ledger.claim(broken)).toThrow('broken');
  await ledger.close();
  const again = openLmdbLedger(path);
  expect(again.totals()).toEqual({ records: 1, points: 2 });
  expect([...again.records()].map(({ recordId }) => recordId)).toEqual(['a']);
  await again.close();
});

test('closing a partition keeps its records', () => {
  const ledger = newLedger();
  ledger.claim(claimOf(0, 0, ['a']));
  ledger.claim(claimOf(1, 0, ['b']));
  ledger.closePartition(0);
  ledger.closePartition(0);
  expect(ledger.totals()).toEqual({ records: 2, points: 2 });
});
