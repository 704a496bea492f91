import type {
  StoreStepInput,
  StoreVerification,
  VerificationCheck,
} from '../../workflows/contracts/backfill/activities.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
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
 * check that cannot be made, because the collection is too large for it, is left out.
 * @throws BerthError of the store
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
