import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { createUseLedger } from '../../../activities/backfill/useLedger.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { openSource } from '../../../activities/sources/openSource.ts';
import { openLanceFolder } from '../../../activities/stores/drivers/lancedbStore.ts';
import type { Point } from '../../../activities/stores/vectorStore.ts';
import type {
  EmbedPageResult,
  WritePageResult,
} from '../../../workflows/contracts/backfill/pages.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { baseRequest } from '../../support/backfill/pageRig.ts';
import { hashSpec } from '../../support/backfill/textEmbedding.ts';
import { sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const script = fileURLToPath(new URL('../../support/backfill/pageWorker.mjs', import.meta.url));
const home = temporaryFolder('pages-processes');
const storeFolder = join(home, 'lance');
const paths = createPaths(home, join(home, 'shm'));
const jobId = 'e'.repeat(32);
const pageRecords = 20;

const records = Array.from({ length: 240 }, (_, number) => ({
  id: `r${number}`,
  text: Array.from({ length: 1 + (number % 3) }, (_, line) => `record ${number} line ${line}`).join(
    '\n',
  ),
}));
const location = join(home, 'corpus.jsonl');
const request = {
  ...baseRequest,
  pageRecords,
  source: { ...baseRequest.source, location },
};

interface Reply {
  embedded?: string[];
  result?: EmbedPageResult & WritePageResult;
  failure?: { type?: string; message: string };
}

/** Temporal's part: tells a worker what to do, and tells the next one again when it dies of it. */
function createCaller(onEmbedded: (texts: string[]) => void) {
  let child: ChildProcess | undefined;
  let kills = 0;
  onTestFinished(() => void child?.kill('SIGKILL'));
  const worker = async (): Promise<ChildProcess> => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) return child;
    child = fork(script, [home, storeFolder], { stdio: 'inherit', execArgv: [] });
    await once(child, 'message');
    return child;
  };
  return {
    kills: () => kills,
    /** @param killAfter milliseconds into the first attempt; undefined: it is let live */
    async call(step: 'embed' | 'write', input: object, killAfter?: number) {
      for (let attempt = 0; ; attempt += 1) {
        const running = await worker();
        const reply = new Promise<Reply | undefined>((resolve) => {
          running.once('exit', () => resolve(undefined));
          running.on('message', (message: Reply) => {
            if (message.embedded !== undefined) onEmbedded(message.embedded);
            else resolve(message);
          });
        });
        running.send({ step, input });
        const timer =
          attempt === 0 && killAfter !== undefined
            ? setTimeout(() => running.kill('SIGKILL'), killAfter)
            : undefined;
        const answer = await reply;
        running.removeAllListeners('message');
        clearTimeout(timer);
        if (answer?.result !== undefined) return answer.result;
        if (answer?.failure !== undefined) throw new Error(answer.failure.message);
        kills += 1;
      }
    },
  };
}

test('workers that are killed at any moment leave neither a hole nor a double', async () => {
  mkdirSync(home, { recursive: true });
  writeFileSync(location, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const store = await openLanceFolder({ folder: storeFolder });
  await store.createCollection('docs-v1', sampleSpec('docs', hashSpec.dimensions));
  const source = await openSource(request.source, { allowed: [home], env: {} });
  const { scratch } = paths.backfill(jobId);
  const plan = await source.plan({ partitionRecords: 120, maxPartitions: 10, scratch });
  expect(plan.partitions).toHaveLength(2);
  const embedded: string[] = [];
  const context = { jobId, request, embedding: hashSpec };
  const target = {
    store: { kind: 'lancedb', url: storeFolder },
    physical: 'docs-v1',
    inPlace: false,
    previous: null,
  };
  const fill = async (partition: PartitionBounds) => {
    const { call, kills } = createCaller((texts) => embedded.push(...texts));
    const bounds = { artifact: null, lease: null, modelPath: null, partition };
    let cursor: string | null = null;
    for (let page = 0; ; page += 1) {
      // Starting a process takes longer than all else: half of the pages are let be.
      const within = () => (page % 2 === 0 ? Math.random() * 40 : undefined);
      const read = await call('embed', { ...context, ...bounds, page, cursor }, within());
      const { index } = partition;
      await call('write', { ...context, target, partition: index, page }, within());
      cursor = read.next;
      if (cursor === null) return { pages: page + 1, kills: kills() };
    }
  };
  const filled = await Promise.all(plan.partitions.map(fill));
  expect(filled.map(({ pages }) => pages)).toEqual([6, 6]);
  expect(filled.reduce((sum, { kills }) => sum + kills, 0)).toBeGreaterThan(2);

  const points = new Map<string, Point>();
  let scanned = 0;
  for await (const page of store.scan('docs-v1', { vectors: true })) {
    for (const point of page)
      points.set(point.id, { ...point, vector: point.vector as Float32Array });
    scanned += page.length;
  }
  expect(scanned).toBe(points.size);
  expectExactly(points, records);
  await createUseLedger(paths)(jobId, (ledger) => {
    expect(ledger.totals()).toEqual({ records: records.length, points: points.size });
    expect(ledger.sample()).toHaveLength(request.verification.sample);
  });
  // A text is embedded again only for a page that was killed before its vectors were in the cache.
  const again = embedded.length - new Set(embedded).size;
  const kills = filled.reduce((sum, one) => sum + one.kills, 0);
  expect(again).toBeLessThanOrEqual(kills * pageRecords * 3);
  await store.close();
  await source.close();
});
