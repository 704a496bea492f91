import { expect, test } from 'vitest';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import { chooseHarnesses } from '../../../scripts/bench/upserting/chooseHarnesses.ts';
import { pointRate } from '../../../scripts/bench/upserting/pointRate.ts';
import { samplePoints } from '../../../scripts/bench/upserting/samplePoints.ts';

const never = new AbortController().signal;
const points = samplePoints(10, 4);

async function namesOf(servers: string[], store?: string): Promise<string[]> {
  return (await chooseHarnesses(servers, store)).map(({ name }) => name);
}

test('servers that are named are measured beside the stores that need none', async () => {
  expect(await namesOf([])).toEqual(['Chroma', 'LanceDB']);
  const servers = ['qdrant=http://127.0.0.1:6333', 'pgvector=postgres://me@127.0.0.1/db'];
  expect(await namesOf(servers)).toEqual(['Chroma', 'LanceDB', 'Qdrant', 'pgvector']);
  expect(await namesOf(servers, 'PGVector')).toEqual(['pgvector']);
  expect(await namesOf(['weaviate=http://127.0.0.1:8080?grpc=50051'], 'weaviate')).toEqual([
    'Weaviate',
  ]);
});

test('a server that is none of these and a store without its server are refused', async () => {
  const own = 'server lancedb: expected one of pgvector, qdrant, weaviate with its address';
  await expect(namesOf(['lancedb'])).rejects.toThrow(own);
  await expect(namesOf(['qdrant'])).rejects.toThrow('its address, such as qdrant=http://');
  await expect(namesOf(['pgvector=postgres://me:word@host/db'])).rejects.toThrow(
    'without a password or key',
  );
  await expect(namesOf([], 'qdrant')).rejects.toThrow('expected one of Chroma, LanceDB; add');
});

test('every point is sent once, by as many requests at a time as the setting says', async () => {
  const batches: (readonly Point[])[] = [];
  let under = 0;
  let most = 0;
  const upsert = async (batch: readonly Point[]) => {
    batches.push(batch);
    under += 1;
    most = Math.max(most, under);
    await new Promise(setImmediate);
    under -= 1;
  };
  expect(await pointRate(points, { batch: 3, parallel: 2 }, upsert, never)).toBeGreaterThan(0);
  expect(batches.map(({ length }) => length)).toEqual([3, 3, 3, 1]);
  expect(batches.flat()).toEqual(points);
  expect(most).toBe(2);
});

test('after a failure nothing more is sent, and requests under way are waited for', async () => {
  const ended: string[] = [];
  const upsert = async ([first]: readonly Point[]) => {
    if (first?.recordId === 'record-0') throw new Error('no room');
    await new Promise(setImmediate);
    ended.push(first?.recordId ?? '');
  };
  const rate = pointRate(points, { batch: 2, parallel: 2 }, upsert, never);
  await expect(rate).rejects.toThrow('no room');
  expect(ended).toEqual(['record-2']);
});

test('an interruption ends a round between requests', async () => {
  const interruption = new AbortController();
  let sent = 0;
  const upsert = async () => {
    sent += 1;
    interruption.abort(new Error('interrupted'));
  };
  const rate = pointRate(points, { batch: 1, parallel: 1 }, upsert, interruption.signal);
  await expect(rate).rejects.toThrow('interrupted');
  expect(sent).toBe(1);
});
