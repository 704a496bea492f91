import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { verifyCollection } from '../../../activities/backfill/verifyCollection.ts';
import { openChromaStore } from '../../../activities/stores/drivers/chromaStore.ts';
import type { Point, VectorStore } from '../../../activities/stores/vectorStore.ts';
import { expectExactly } from '../../support/backfill/idSets.ts';
import { openMemorySource, wholePartition } from '../../support/backfill/memorySource.ts';
import { baseRequest, createPageRig } from '../../support/backfill/pageRig.ts';
import { hashSpec } from '../../support/backfill/textEmbedding.ts';
import { type Fault, type FaultProxy, startFaultProxy } from '../../support/faults/faultProxy.ts';
import {
  type ChromaServer,
  missingChroma,
  startChroma,
} from '../../support/stores/chromaServer.ts';
import { sampleSpec } from '../../support/stores/samplePoints.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const missing = process.env.CI ? undefined : missingChroma();
const upsert = { method: 'POST', path: /\/upsert$/ };
const every = (count: number) => (number: number) => number % count === 1;

describe.skipIf(missing !== undefined)(
  `a store with faults${missing ? ` (${missing})` : ''}`,
  () => {
    const folder = temporaryFolder('store-faults');
    let chroma: ChromaServer;
    let proxy: FaultProxy;
    /** Past the proxy: what the store really holds. */
    let direct: VectorStore;
    let store: VectorStore;
    let runs = 0;

    beforeAll(async () => {
      chroma = await startChroma();
      proxy = await startFaultProxy(chroma.url);
      const open = (url: string) =>
        openChromaStore({ url, stackUrl: null, env: {}, timeoutMs: 1_500 });
      direct = await open(chroma.url);
      store = await open(proxy.url);
    });
    afterAll(async () => {
      await Promise.all([store?.close(), direct?.close()]);
      await proxy?.stop();
      await chroma?.stop();
    });

    const records = Array.from({ length: 24 }, (_, at) => ({
      id: `record-${at}`,
      text: Array.from({ length: 1 + (at % 4) }, (__, line) => `line ${line} of ${at}`).join('\n'),
    }));

    /** Everything that fills the collection through the proxy. */
    function createRig(source: readonly { id: string; text: string }[], inPlace = false) {
      runs += 1;
      onTestFinished(() => proxy.set());
      return createPageRig({
        folder: `${folder}/${runs}`,
        source: openMemorySource(() => source),
        store,
        inPlace,
      });
    }

    /** … which is new and empty. */
    async function freshRig() {
      const rig = createRig(records);
      await direct.dropCollection(rig.physical);
      await direct.createCollection(rig.physical, sampleSpec('docs', 8));
      return rig;
    }

    async function verify(
      { jobId, paths, physical, files }: ReturnType<typeof createRig>,
      inPlace = false,
    ) {
      const target = { store: baseRequest.stores[0]!, physical, inPlace, previous: null };
      const deps = {
        stores: { use: async () => store },
        useLedger: files.useLedger,
        paths,
        logger: pino({ level: 'silent' }),
      };
      const step = { jobId, request: baseRequest, embedding: hashSpec, target };
      const pulse = { signal: new AbortController().signal, report: () => undefined };
      return verifyCollection(deps, step, pulse);
    }

    async function held(physical: string): Promise<Map<string, Point>> {
      const points = new Map<string, Point>();
      for await (const page of direct.scan(physical, { vectors: true })) {
        for (const point of page) {
          expect(points.has(point.id)).toBe(false);
          points.set(point.id, point as Point);
        }
      }
      return points;
    }

    const ok = { status: 200, headers: { 'content-type': 'application/json' }, body: '{}' };
    const failed = { status: 500, body: '{"error":"InternalError","message":"injected"}' };
    /** Only the first half of a batch reaches the store. */
    const halved = (body: Buffer): Buffer => {
      const whole: Record<string, unknown> = JSON.parse(body.toString());
      const cut = Object.entries(whole).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.slice(0, Math.ceil(value.length / 2)) : value,
      ]);
      return Buffer.from(JSON.stringify(Object.fromEntries(cut)));
    };

    test.each<[string, Fault]>([
      [
        'asks to come later',
        {
          ...upsert,
          when: every(2),
          forward: 'nothing',
          answer: { status: 429, headers: { 'retry-after': '0' }, body: '{}' },
        },
      ],
      ['fails before it writes', { ...upsert, when: every(2), forward: 'nothing', answer: failed }],
      ['fails after it has written', { ...upsert, when: every(2), answer: failed }],
      [
        'fails after half of a batch',
        { ...upsert, when: every(2), forward: halved, answer: failed },
      ],
      ['hangs before it writes', { ...upsert, when: every(4), forward: 'nothing', answer: 'hang' }],
      ['hangs after it has written', { ...upsert, when: every(4), answer: 'hang' }],
      ['breaks connections', { ...upsert, when: every(2), forward: 'nothing', answer: 'drop' }],
      ['breaks connections after it has written', { ...upsert, when: every(2), answer: 'drop' }],
      [
        'answers with what is no JSON',
        { ...upsert, when: every(2), answer: { status: 502, body: '<html>' } },
      ],
    ])('a store that %s gets everything once', async (_, fault) => {
      const rig = await freshRig();
      proxy.set(fault);
      const { written } = await rig.fill(wholePartition(records.length));
      expect(proxy.struck).toBeGreaterThan(1);
      const chunks = records.reduce((sum, { text }) => sum + text.split('\n').length, 0);
      expect(written.reduce((sum, page) => sum + page.written, 0)).toBe(chunks);
      expect(written.every(({ failed: lost }) => Object.keys(lost).length === 0)).toBe(true);
      expectExactly(await held(rig.physical), records);
    });

    test('changed records replace theirs, whatever request fails on the way', async () => {
      const first = await freshRig();
      await first.fill(wholePartition(records.length));
      await direct.switchAlias('docs', first.physical);
      const changed = records.map(({ id, text }, at) => ({
        id,
        text: at % 3 === 0 ? `rewritten ${at}` : text,
      }));
      const second = createRig(changed, true);
      // Reads, writes and deletions of points alike; after they are done, as before.
      const path = /\/collections\/[^/]+\/(get|upsert|delete)$/;
      proxy.set(
        { path, when: (number) => number % 3 === 0, answer: failed },
        { path, when: (number) => number % 3 === 1, forward: 'nothing', answer: 'drop' },
      );
      const { written } = await second.fill(wholePartition(changed.length), 20);
      expect(proxy.struck).toBeGreaterThan(5);
      expectExactly(await held(second.physical), changed);
      expect(written.reduce((sum, { unchanged }) => sum + unchanged, 0)).toBeGreaterThan(0);
    });

    test('requests that were put off are counted', async () => {
      const rig = await freshRig();
      const answer = { status: 429, headers: { 'retry-after': '0' }, body: '{}' };
      proxy.set({ ...upsert, when: (number) => number <= 2, forward: 'nothing', answer });
      const { written } = await rig.fill(wholePartition(records.length));
      expect(written[0]?.throttled).toBe(2);
      expect(written.slice(1).map(({ throttled }) => throttled)).toEqual(Array(5).fill(0));
    });

    test('a store that is down for a while fails its pages, which are written once it is back', async () => {
      const rig = await freshRig();
      const partition = wholePartition(records.length);
      let cursor: string | null = null;
      const refusals: string[] = [];
      for (let page = 0; page === 0 || cursor !== null; page += 1) {
        const answer = await rig.embed(partition, page, cursor);
        if (page === 2) await proxy.down();
        for (;;) {
          const error = await rig.write(partition.index, page).then(
            () => undefined,
            (reason) => reason,
          );
          if (error === undefined) break;
          refusals.push(error.type);
          if (refusals.length === 3) await proxy.up();
        }
        cursor = answer.next;
      }
      expect(refusals).toEqual(Array(3).fill('StoreUnavailable'));
      expectExactly(await held(rig.physical), records);
    });

    test('a store that only ever fails ends the page, and a later try makes it whole', async () => {
      const rig = await freshRig();
      const partition = wholePartition(records.length);
      proxy.set({ ...upsert, when: (number) => number > 2, answer: failed });
      await expect(rig.fill(partition)).rejects.toMatchObject({ type: 'StoreUnavailable' });
      proxy.set();
      await rig.fill(partition);
      expectExactly(await held(rig.physical), records);
    });

    test('a batch that is acknowledged and lost is found before the switch', async () => {
      const rig = await freshRig();
      await rig.fill(wholePartition(records.length));
      expect(await verify(rig)).toMatchObject({ ok: true });

      const losing = await freshRig();
      proxy.set({ ...upsert, when: (number) => number === 3, forward: 'nothing', answer: ok });
      await losing.fill(wholePartition(records.length));
      expect(proxy.struck).toBe(1);
      const { ok: right, checks } = await verify(losing);
      expect(right).toBe(false);
      const failing = checks.filter((check) => !check.ok).map(({ name }) => name);
      expect(failing).toEqual(expect.arrayContaining(['count', 'ids']));
      expect(checks.find(({ name }) => name === 'ids')?.detail).toMatch(/missing \("record-\d+"/);
    });

    test('a batch of which half is acknowledged and lost is found as well', async () => {
      const rig = await freshRig();
      proxy.set({ ...upsert, when: (number) => number === 2, forward: halved, answer: ok });
      await rig.fill(wholePartition(records.length));
      const { ok: right, checks } = await verify(rig);
      expect(right).toBe(false);
      expect(checks.find(({ name }) => name === 'ids')?.value).toBeGreaterThan(0);
    });

    test.each([
      ['write', /\/upsert$/, /of another version/],
      ['deletion', /\/delete$/, /not expected/],
    ])('in place, a %s that is acknowledged and lost is found', async (_, path, detail) => {
      const first = await freshRig();
      await first.fill(wholePartition(records.length));
      await direct.switchAlias('docs', first.physical);
      const changed = records.map(({ id }) => ({ id, text: `rewritten ${id}` }));
      const rig = createRig(changed, true);
      proxy.set({ method: 'POST', path, forward: 'nothing', answer: ok });
      await rig.fill(wholePartition(changed.length));
      expect(proxy.struck).toBeGreaterThan(0);
      const { ok: right, checks } = await verify(rig, true);
      expect(right).toBe(false);
      expect(checks.find(({ name }) => name === 'ids')?.detail).toMatch(detail);
    });
  },
);
