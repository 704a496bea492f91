import { createHash } from 'node:crypto';
import type {
  BackfillActivities,
  EmbeddingActivities,
  QueryActivities,
} from '../../../workflows/contracts/backfill/activities.ts';
import type { EmbedPageInput } from '../../../workflows/contracts/backfill/pages.ts';
import {
  type EmbeddingSpec,
  formatStoreRef,
} from '../../../workflows/contracts/backfill/request.ts';
import type { PartitionBounds } from '../../../workflows/contracts/backfill/source.ts';
import { failure } from '../../../workflows/contracts/errors.ts';

/**
 * Scripted stand-ins for the activities of a backfill, for tests of the workflows' own logic: order,
 * leases, retries, hand-over, switch-back. What activities really do is tested with the real ones.
 */
export interface BackfillScript {
  partitions: number;
  /** Of each partition; 2 unless said otherwise. */
  pages?: number;
  /** Partitions of each catch-up round; none unless said otherwise. */
  rounds?: number[];
  inPlace?: boolean;
  /** Called before each activity; throws or waits to steer it. */
  before?: (call: ScriptedCall) => Promise<void> | void;
  /** Records that fail on each page. */
  failedAPage?: number;
  /** Of each target; none unless said otherwise. */
  notice?: string;
  /** By formatStoreRef: a check of this store fails. */
  unverified?: string;
  /** Why recall was not measured, of each store; it was unless said otherwise. */
  unmeasured?: string;
}

export interface ScriptedCall {
  name: string;
  /** Partition and page, store, or nothing: `3.1 chroma`. */
  at: string;
  /** Of calls of that name, from 1. */
  call: number;
  input: unknown;
}

export interface ScriptedBackfill {
  /** Activities in the order in which they began: `embedPage 0.1`, `writePage 0.1 chroma`. */
  calls: string[];
  /** What the alias of each store names. */
  aliases: Map<string, string | null>;
  /** New collections that are there. */
  collections: Set<string>;
  /** Pages whose vectors lie on the host. */
  files: Set<string>;
  /** Inputs of embedPage, in order. */
  embeds: EmbedPageInput[];
  activities: BackfillActivities & EmbeddingActivities & QueryActivities & object;
}

export const recordsAPage = 10;
const chunksAPage = 20;
const digest = createHash('sha256').update('model').digest('hex');
export const scriptedArtifact = `minilm@sha256:${digest}`;

const embedding: EmbeddingSpec = {
  ...{ contentDigest: digest, pooling: 'mean', normalize: true, dimensions: 384, maxTokens: 256 },
};

export function createScriptedBackfill(script: BackfillScript): ScriptedBackfill {
  const { pages = 2, rounds = [], inPlace = false } = script;
  const counts = new Map<string, number>();
  const run: ScriptedBackfill = {
    ...{ calls: [], aliases: new Map(), collections: new Set(), files: new Set(), embeds: [] },
    activities: undefined as never,
  };
  const begin = async (name: string, at: string, input: unknown) => {
    const call = (counts.get(name) ?? 0) + 1;
    counts.set(name, call);
    run.calls.push(at === '' ? name : `${name} ${at}`);
    await script.before?.({ name, at, call, input });
  };
  const bounds = (first: number, count: number): PartitionBounds[] =>
    Array.from({ length: count }, (_, place) => ({
      index: first + place,
      from: JSON.stringify({ partition: first + place }),
      to: place + 1 < count ? JSON.stringify({ partition: first + place + 1 }) : null,
      records: pages * recordsAPage,
    }));
  const current = (store: string) => {
    if (!run.aliases.has(store)) run.aliases.set(store, 'docs-v1');
    return run.aliases.get(store) ?? null;
  };

  run.activities = {
    async warmModel(input: { ref: string }) {
      await begin('warmModel', '', input);
      return { path: '/dev/shm/minilm', artifact: input.ref, contentDigest: digest };
    },
    async clearDevice() {
      await begin('clearDevice', '', {});
    },
    async planBackfill(input) {
      await begin('planBackfill', '', input);
      const partitions = bounds(0, script.partitions);
      const records = script.partitions * pages * recordsAPage;
      const isModel = input.request.embedder.kind === 'model';
      return {
        ...{ fingerprint: 'f', records, exact: true, partitions, embedding },
        changeToken: rounds.length > 0 ? 'token-0' : null,
        artifact: isModel ? scriptedArtifact : null,
      };
    },
    async estimateBackfill(input) {
      await begin('estimateBackfill', '', input);
      const { records } = input.plan;
      return {
        ...{ records, chunks: 2 * records, tokens: 100 * records, reused: 0, sampled: records },
        ...{ toEmbed: 2 * records, failed: 0, seconds: 1, cost: null, stores: [] },
      };
    },
    async prepareCollections(input) {
      await begin('prepareCollections', '', input);
      return input.request.stores.map((store) => {
        const previous = current(formatStoreRef(store));
        const physical = inPlace ? (previous ?? 'docs-v1') : 'docs-v2';
        if (!inPlace) run.collections.add(`${formatStoreRef(store)} ${physical}`);
        const { notice } = script;
        return { store, physical, inPlace, previous, ...(notice === undefined ? {} : { notice }) };
      });
    },
    async embedPage(input) {
      const at = `${input.partition.index}.${input.page}`;
      run.embeds.push(input);
      await begin('embedPage', at, input);
      run.files.add(at);
      const isLast = input.page + 1 >= pages;
      const failed = script.failedAPage ?? 0;
      return {
        next: isLast ? null : JSON.stringify({ page: input.page + 1 }),
        ...{ records: recordsAPage, chunks: chunksAPage, tokens: 100, embedded: 15, reused: 5 },
        ...{ failed: failed > 0 ? { malformed: failed } : {}, seconds: 0.1 },
      };
    },
    async writePage(input) {
      const page = `${input.partition}.${input.page}`;
      await begin('writePage', `${page} ${formatStoreRef(input.target.store)}`, input);
      if (!run.files.has(page)) throw failure('PageLost', `page ${page} is gone`);
      return {
        ...{ written: chunksAPage, unchanged: 0, removed: 0, failed: {}, throttled: 0, seconds: 0 },
      };
    },
    async closePartition(input) {
      await begin('closePartition', String(input.partition), input);
    },
    async planCatchUp(input) {
      await begin('planCatchUp', String(input.round), input);
      const count = rounds[input.round - 1] ?? 0;
      return {
        partitions: bounds(input.firstIndex, count),
        records: count * pages * recordsAPage,
        changeToken: `token-${input.round}`,
      };
    },
    async finishLoad(input) {
      await begin('finishLoad', formatStoreRef(input.target.store), input);
      return { seconds: 0 };
    },
    async embedQueries(input) {
      await begin('embedQueries', '', input);
      return { queries: 3 };
    },
    async verifyCollection(input) {
      const store = formatStoreRef(input.target.store);
      await begin('verifyCollection', store, input);
      const ok = store !== script.unverified;
      const { unmeasured } = script;
      return {
        ...{ ok, points: 40, recall: unmeasured === undefined ? 0.99 : null, seconds: 0 },
        checks: [
          { name: 'count', ok, detail: ok ? '40 of 40' : '39 points, expected 40', value: 1 },
          ...(unmeasured === undefined
            ? []
            : [{ name: 'recall' as const, ok: true, detail: unmeasured }]),
        ],
      };
    },
    async switchAlias({ store, from, to, ...rest }) {
      const name = formatStoreRef(store);
      await begin('switchAlias', `${name} ${to}`, { store, from, to, ...rest });
      const previous = current(name);
      if (from !== undefined && ![from, to].includes(previous)) {
        throw failure('VerificationFailed', `${name} names ${previous} instead of ${from}`);
      }
      run.aliases.set(name, to);
      return { previous };
    },
    async deleteMissing(input) {
      await begin('deleteMissing', formatStoreRef(input.target.store), input);
      return { records: 3, points: 6 };
    },
    async dropOldCollections(input) {
      await begin('dropOldCollections', formatStoreRef(input.target.store), input);
      return { dropped: [] };
    },
    async abandonCollection({ target, ...rest }) {
      const store = formatStoreRef(target.store);
      await begin('abandonCollection', store, { target, ...rest });
      run.collections.delete(`${store} ${target.physical}`);
    },
    async finishBackfill(input) {
      await begin('finishBackfill', '', input);
      const failed = (script.failedAPage ?? 0) * script.partitions * pages;
      return { deadLetters: failed > 0 ? '/home/backfills/dead-letters.jsonl' : null, failed };
    },
    async listCollections({ stores }) {
      await begin('listCollections', '', { stores });
      return (stores ?? []).map((store) => ({
        collection: 'docs',
        store: formatStoreRef(store),
        current: current(formatStoreRef(store)),
        versions: ['docs-v1', 'docs-v2', 'docs-v3'].map((physical) => ({
          ...{ physical, contentDigest: digest, artifact: null, dimensions: 384, points: 40 },
          createdAt: '2026-01-01T00:00:00.000Z',
        })),
      }));
    },
    async searchCollection(input) {
      await begin('searchCollection', '', input);
      return {
        ...{ collection: input.collection, physical: 'docs-v1', contentDigest: digest },
        ...{ hits: [], seconds: 0 },
      };
    },
  } as ScriptedBackfill['activities'];
  return run;
}
