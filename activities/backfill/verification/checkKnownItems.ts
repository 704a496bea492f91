import pLimit from 'p-limit';
import type { VerificationCheck } from '../../../workflows/contracts/backfill/activities.ts';
import type { StoreHit, StoreQuery } from '../../stores/vectorStore.ts';
import type { EmbeddedKnownItem } from '../knownItems.ts';
import { pointId } from '../pointIds.ts';
import type { ReadSample } from './readSample.ts';
import { tenantOf } from './tenantOf.ts';
import type { VerificationInput } from './verificationInput.ts';

const top = 10;
/** Scores of one vector that a store has quantized or computes in float16. */
const tie = 1e-3;

/**
 * Each point of the sample has to find its own text first, or level with the first; each query of the
 * user's file its record among the first ten.
 * @param items undefined: there is no file
 */
export async function checkKnownItems(
  input: VerificationInput,
  sample: readonly ReadSample[],
  items: readonly EmbeddedKnownItem[] | undefined,
): Promise<VerificationCheck | undefined> {
  const { verification } = input.step.request;
  if (verification.knownItems !== null && items === undefined) {
    const detail = `the queries of ${verification.knownItems} were not embedded`;
    return { name: 'known-items', ok: false, detail, value: 0 };
  }
  const own = await share(input, sample, (each) => findsItself(input, each));
  const asked = items && (await share(input, items, (item) => findsRecord(input, item)));
  if (own === undefined && asked === undefined) return undefined;
  const { minRecall, minKnownItems } = verification;
  const parts = [
    own && `${own.found} of ${own.total} sampled texts are found by their own vectors`,
    asked && `${asked.found} of ${asked.total} queries find their record in the first ${top}`,
  ].filter((part) => part !== undefined);
  const enough =
    (own === undefined || own.share >= minRecall) &&
    (asked === undefined || asked.share >= minKnownItems);
  const wanted = [own && `at least ${minRecall}`, asked && `at least ${minKnownItems}`]
    .filter((part) => part !== undefined)
    .join(' and ');
  return {
    name: 'known-items',
    ok: enough,
    detail: `${parts.join('; ')}, expected ${wanted}`,
    value: asked?.share ?? own?.share ?? 0,
  };
}

async function share<T>(
  { store, step, pulse }: VerificationInput,
  items: readonly T[],
  isFound: (item: T) => Promise<boolean>,
): Promise<{ found: number; total: number; share: number } | undefined> {
  if (items.length === 0) return undefined;
  const { parallel } = await store.limits(step.embedding.dimensions);
  const atATime = pLimit(Math.max(1, parallel));
  let found = 0;
  let done = 0;
  await Promise.all(
    items.map((item) =>
      atATime(async () => {
        pulse.signal.throwIfAborted();
        if (await isFound(item)) found += 1;
        done += 1;
        pulse.report({ done, total: items.length });
      }),
    ),
  );
  return { found, total: items.length, share: found / items.length };
}

async function findsItself(
  input: VerificationInput,
  { written, stored }: ReadSample,
): Promise<boolean> {
  const { tenantField } = input.step.request.layout;
  const hits = await search(input, written.vector, tenantOf(stored, tenantField));
  const best = hits[0]?.score ?? 0;
  return hits.some(
    ({ point, score }) =>
      score >= best - tie && (point.id === written.id || point.text === written.text),
  );
}

async function findsRecord(
  input: VerificationInput,
  { id, vector }: EmbeddedKnownItem,
): Promise<boolean> {
  const { store, step } = input;
  const { tenantField } = step.request.layout;
  const { name } = step.request.source;
  let tenant: string | undefined;
  if (tenantField !== null) {
    const ids = [pointId(name, id, 0)];
    const [first] = await store.readPoints(step.target.physical, ids, { vectors: false });
    if (first === undefined) return false;
    tenant = tenantOf(first, tenantField);
  }
  const hits = await search(input, vector, tenant);
  return hits.some(({ point }) => point.recordId === id && point.sourceName === name);
}

function search(
  { store, step }: VerificationInput,
  vector: Float32Array,
  tenant: string | undefined,
): Promise<StoreHit[]> {
  const query: StoreQuery = { vector, limit: top, ...(tenant === undefined ? {} : { tenant }) };
  return store.search(step.target.physical, query);
}
