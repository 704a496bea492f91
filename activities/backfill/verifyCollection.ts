import type {
  StoreStepInput,
  StoreVerification,
  VerificationCheck,
} from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { VectorStore } from '../stores/vectorStore.ts';
import type { BackfillDeps } from './backfillDeps.ts';
import { readQueryVectors } from './knownItems.ts';
import type { Pulse } from './pulse.ts';
import { checkCount } from './verification/checkCounts.ts';
import { checkIds } from './verification/checkIds.ts';
import { checkKnownItems } from './verification/checkKnownItems.ts';
import { checkRecall } from './verification/checkRecall.ts';
import { checkVectors } from './verification/checkVectors.ts';
import { readSample } from './verification/readSample.ts';
import type { VerificationInput } from './verification/verificationInput.ts';

/**
 * Compares what a store holds with what the job has read. A check that fails is part of the answer; a
 * check that cannot be made, because the collection is too large for it, is one without a value.
 * @throws BerthError of the store; VerificationFailed when the alias has left what was brought up to date
 */
export async function verifyCollection(
  {
    stores,
    useLedger,
    paths,
    logger,
  }: Pick<BackfillDeps, 'stores' | 'useLedger' | 'paths' | 'logger'>,
  step: StoreStepInput,
  pulse: Pulse,
): Promise<StoreVerification> {
  const started = performance.now();
  const { jobId, target } = step;
  const store = await stores.use(target.store);
  if (target.inPlace && store.kind !== 'noop') await requireLive(store, step);
  const points = await store.count(target.physical);
  const checks = await useLedger(jobId, async (ledger) => {
    const input: VerificationInput = { step, store, ledger, points, pulse };
    const known = await readQueryVectors(paths, jobId);
    return store.kind === 'noop' ? [checkCount(input)] : runChecks(input, known);
  });
  const verification = {
    ok: checks.every(({ ok }) => ok),
    points,
    recall: checks.find(({ name }) => name === 'recall')?.value ?? null,
    checks,
    seconds: (performance.now() - started) / 1000,
  };
  const { physical } = target;
  logger.info(
    { jobId, store: formatStoreRef(target.store), physical, ...verification },
    'verified',
  );
  return verification;
}

/** Nothing is switched after such a job: what it has written would be in no version that is searched. */
async function requireLive(
  store: VectorStore,
  { target, request: { collection } }: StoreStepInput,
): Promise<void> {
  const live = (await store.resolveAlias(collection))?.physical ?? 'nothing';
  if (live === target.physical) return;
  throw berthError(
    'VerificationFailed',
    `${collection}: ${formatStoreRef(target.store)} names ${live} instead of ${target.physical} since the job began; nothing was switched; run it again`,
  );
}

async function runChecks(
  input: VerificationInput,
  known: Parameters<typeof checkKnownItems>[2],
): Promise<VerificationCheck[]> {
  const { request } = input.step;
  const checks: (VerificationCheck | undefined)[] = [checkCount(input), await checkIds(input)];
  if (request.verification.sample > 0) {
    const sample = await readSample(input);
    checks.push(checkVectors(sample, request.layout.quantization));
    checks.push(await checkRecall(input, sample));
    checks.push(await checkKnownItems(input, sample, known));
  } else {
    checks.push(await checkKnownItems(input, [], known));
  }
  return checks.filter((check) => check !== undefined);
}
