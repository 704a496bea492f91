import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import type { Point, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { createPageRig } from '../../support/backfill/pageRig.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import { type PostgresServer, startPostgres } from '../../support/stores/postgresServer.ts';
import { sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(
  `a database that crashes${missing ? ` (${missing})` : ''}`,
  () => {
    const folder = temporaryFolder('postgres-crash');
    let server: PostgresServer;
    let store: VectorStore;

    beforeAll(async () => {
      server = await startPostgres();
      store = await openPgvectorStore({ url: server.url, stackUrl: null, env: server.env });
    });
    afterAll(async () => {
      await store?.close();
      await server?.stop();
    });

    test('while pages are written has all of them in the end, and none twice', async () => {
      const records = Array.from({ length: 40 }, (_, at) => ({
        id: `record-${at}`,
        text: Array.from({ length: 1 + (at % 5) }, (__, line) => `line ${line} of ${at}`).join(
          '\n',
        ),
      }));
      const rig = createPageRig({ folder, source: openMemorySource(() => records), store });
      await store.createCollection(rig.physical, sampleSpec('docs', 8));
      await store.beginLoad(rig.physical);
      const partition = wholePartition(records.length);
      const refusals: string[] = [];
      let cursor: string | null = null;
      for (let page = 0; page === 0 || cursor !== null; page += 1) {
        const answer = await rig.embed(partition, page, cursor);
        // In the middle of a write, whatever of it has been committed by then.
        const crash = page % 3 === 1 ? server.crash() : undefined;
        for (;;) {
          const error = await rig.write(partition.index, page).then(
            () => undefined,
            (reason) => reason,
          );
          await crash;
          if (error === undefined) break;
          refusals.push(error.type);
          await server.restart();
        }
        if (crash !== undefined) await server.restart();
        cursor = answer.next;
      }
      expect(refusals.length).toBeGreaterThan(0);
      expect(new Set(refusals)).toEqual(new Set(['StoreUnavailable']));
      await store.finishLoad(rig.physical);
      const points = new Map<string, Point>();
      for await (const batch of store.scan(rig.physical, { vectors: true })) {
        for (const point of batch) points.set(point.id, point as Point);
      }
      expect(await store.count(rig.physical)).toBe(points.size);
      expectExactly(points, records);
    });
  },
);
