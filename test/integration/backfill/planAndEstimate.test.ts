import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackfillRequest } from '../../../workflows/contracts/backfill/request.ts';
import { createHostRig, lancedb, recordsOf } from '../../support/backfill/hostJob.ts';
import { startFakeEmbeddingEndpoint } from '../../support/fakeEmbeddingEndpoint.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

let endpoint: Awaited<ReturnType<typeof startFakeEmbeddingEndpoint>>;
const rigs: ReturnType<typeof createHostRig>[] = [];
beforeAll(async () => {
  endpoint = await startFakeEmbeddingEndpoint(16);
});
afterAll(async () => {
  await Promise.all(rigs.map((rig) => rig.close()));
  await endpoint.stop();
});
function rigFor(name: string) {
  const rig = createHostRig(temporaryFolder(`plan-${name}`), endpoint.url);
  rigs.push(rig);
  return rig;
}

const jobId = 'e'.repeat(32);

async function estimate(
  rig: ReturnType<typeof createHostRig>,
  change: Partial<BackfillRequest> = {},
) {
  const request = rig.request(change);
  const plan = await rig.activities.planBackfill({ jobId, request });
  return rig.activities.estimateBackfill({ jobId, request, plan });
}

describe('a dry run', () => {
  test('tells what a job would do, and writes nothing', async () => {
    const rig = rigFor('dry');
    const sentence = 'The tide turns at noon, and the harbour is quiet until the evening.';
    const texts = recordsOf(30).map((each) => ({ ...each, text: `${each.text}\n\n${sentence}` }));
    rig.write([...texts, { id: 'empty', text: ' ' }]);
    const asked = { pricePerMillionTokens: 2, splitter: { maxTokens: 20, overlapTokens: 0 } };
    const found = await estimate(rig, asked);
    expect(found).toMatchObject({
      records: 30,
      chunks: 60,
      reused: 29,
      toEmbed: 31,
      sampled: 31,
      failed: 1,
      seconds: null,
      stores: [{ store: 'lancedb', inPlace: false, current: null, points: 0 }],
    });
    expect(found.cost).toBeGreaterThan(0);
    expect(found.cost).toBeLessThan((2 * found.tokens) / 1e6);
    const store = await rig.stores.use(lancedb);
    expect(await store.listCollections()).toEqual([]);
    expect(existsSync(rig.paths.backfill(jobId).root)).toBe(false);
  });

  test('knows the cache, the live collection and the rate of former jobs', async () => {
    const rig = rigFor('known');
    rig.write(recordsOf(20));
    const job = await rig.begin();
    await rig.end(job);
    const rates = JSON.parse(readFileSync(rig.paths.embeddingRates, 'utf8'));
    const { chunksPerSecond } = rates[job.plan.embedding.contentDigest];
    rig.write(recordsOf(25));
    const found = await estimate(rig, { control: { ...job.request.control, concurrency: 2 } });
    expect(found).toMatchObject({
      records: 25,
      reused: 20,
      toEmbed: 5,
      stores: [{ inPlace: true, current: 'docs-v1', points: 20 }],
    });
    expect(found.seconds).toBeCloseTo(5 / (2 * chunksPerSecond), 6);
    const slow = { ...job.request.control, recordsPerSecond: 0.001 };
    expect((await estimate(rig, { control: slow })).seconds).toBeCloseTo(25_000, 6);
  });

  test('an endpoint takes as long chunks as is said of it', async () => {
    const rig = rigFor('long-chunks');
    rig.write(recordsOf(2));
    const planned = async (maxTokens: number | null) =>
      (await rig.begin({ splitter: { maxTokens, overlapTokens: 0 }, rebuild: true })).plan;
    expect((await planned(null)).embedding.maxTokens).toBe(512);
    expect((await planned(100)).embedding.maxTokens).toBe(512);
    expect((await planned(2_000)).embedding.maxTokens).toBe(2_000);
  });

  test('scales a sample of a large source', async () => {
    const rig = rigFor('scaled');
    const source = {
      ...rig.request().source,
      kind: 'synthetic' as const,
      location: 'synthetic:1000000',
    };
    const found = await estimate(rig, { source, pageRecords: 1000, partitionPages: 10 });
    expect(found.records).toBe(1_000_000);
    expect(found.sampled).toBeLessThanOrEqual(5_100);
    expect(found.chunks).toBeGreaterThanOrEqual(1_000_000);
    expect(found.reused + found.toEmbed).toBe(found.chunks);
  });
});

describe('planning refuses', () => {
  test.each<[string, Partial<BackfillRequest>, string, string]>([
    [
      'an absent file',
      {
        source: {
          kind: 'jsonl',
          location: '/absent.jsonl',
          name: 'a',
          columns: { text: ['text'], metadata: null },
        },
      },
      'SourceNotAllowed',
      '/absent.jsonl',
    ],
    [
      'a store that is down',
      { stores: [{ kind: 'pgvector', url: 'postgres://nobody@127.0.0.1:9/none' }] },
      'StoreUnavailable',
      '127.0.0.1:9',
    ],
    [
      'chunks without room',
      { splitter: { maxTokens: 20, overlapTokens: 15 } },
      'InvalidRequest',
      'more than half',
    ],
    [
      'a layout that the store cannot make',
      {
        stores: [{ kind: 'noop', url: null }],
        layout: { payloadIndexes: [], fullText: true, quantization: 'none', tenantField: null },
      },
      'StoreUnsupported',
      'noop cannot index full text',
    ],
    ['a replay of nothing', { replayOf: 'a'.repeat(32) }, 'InvalidRequest', 'nothing to replay'],
  ])('%s', async (_, change, type, message) => {
    const rig = rigFor('refused');
    rig.write(recordsOf(3));
    const planned = rig.activities.planBackfill({ jobId, request: rig.request(change) });
    await expect(planned).rejects.toMatchObject({
      type,
      message: expect.stringContaining(message),
    });
  });

  test('known items that are no file of the allowed folders, or malformed', async () => {
    const rig = rigFor('items');
    rig.write(recordsOf(3));
    const plan = (knownItems: string) => {
      const request = rig.request();
      const verification = { ...request.verification, knownItems };
      return rig.activities.planBackfill({ jobId, request: { ...request, verification } });
    };
    await expect(plan('/etc/hostname')).rejects.toMatchObject({ type: 'SourceNotAllowed' });
    const malformed = join(rig.paths.home, '..', 'items.jsonl');
    writeFileSync(malformed, '{"query": "a", "id": "b"}\n{"query": ""}\n');
    await expect(plan(malformed)).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringContaining(`${malformed}:2`),
    });
  });
});

test('a failed plan leaves nothing but scratch', async () => {
  const rig = rigFor('nothing');
  rig.write(recordsOf(3));
  const request = rig.request({ replayOf: 'b'.repeat(32) });
  await rig.activities.planBackfill({ jobId, request }).catch(() => undefined);
  const root = rig.paths.backfill(jobId).root;
  expect(existsSync(root) ? readdirSync(root) : []).toEqual([]);
  rmSync(rig.paths.shm, { recursive: true });
});

test('a source without records is refused, so that nothing live is emptied by a failed export', async () => {
  const rig = rigFor('empty');
  rig.write([]);
  const planning = rig.activities.planBackfill({ jobId, request: rig.request({}) });
  await expect(planning).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(/^source .*: holds no records, so .* was left as it is/),
  });
});
