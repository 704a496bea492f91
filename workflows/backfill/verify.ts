import type { StoreStepInput, StoreVerification } from '../contracts/backfill/activities.ts';
import type { StoreTarget } from '../contracts/backfill/pages.ts';
import { formatStoreRef } from '../contracts/backfill/request.ts';
import { failure } from '../contracts/errors.ts';
import { backfillActivities, queryActivities } from './activities.ts';
import { type BackfillContext, planOf } from './context.ts';
import { settleAll } from './settleAll.ts';
import { whileWarm } from './whileWarm.ts';

/** Builds what was put off while loading, in all stores at a time. */
export async function finishLoads(context: BackfillContext): Promise<void> {
  context.enter('index', 'building indexes');
  await settleAll(
    context.state.targets.map((target) =>
      backfillActivities(context.input.hostId, formatStoreRef(target.store)).finishLoad(
        storeStep(context, target),
      ),
    ),
  );
}

/**
 * Checks all stores before any of them is switched.
 * @throws ApplicationFailure VerificationFailed with every check that failed
 */
export async function verifyStores(context: BackfillContext): Promise<void> {
  const { input, state } = context;
  const { request, hostId } = input;
  const { jobId } = state;
  const { embedding, artifact } = planOf(context);
  context.enter('verify', 'verifying');
  if (request.verification.knownItems !== null) {
    const query = queryActivities(hostId, 'queries of known items');
    const queries = { jobId, request, embedding, artifact };
    await whileWarm(hostId, () => query.embedQueries(queries));
  }
  const verifications = await settleAll(
    state.targets.map(async (target, place) => {
      const store = formatStoreRef(target.store);
      const step = storeStep(context, target);
      const verification = await backfillActivities(hostId, store).verifyCollection(step);
      const outcome = state.outcomes[place];
      if (outcome !== undefined) outcome.verification = verification;
      context.show('verifying');
      return { store, physical: target.physical, verification };
    }),
  );
  const unmeasured = verifications.flatMap(({ store, verification }) =>
    verification.checks
      .filter(({ name, value }) => name === 'recall' && value === undefined)
      .map(({ detail }) => `${store}: ${detail}`),
  );
  if (unmeasured.length > 0) state.notices = [...(state.notices ?? []), ...unmeasured];
  const failed = verifications.filter(({ verification }) => !isVerified(verification));
  if (failed.length === 0) return;
  const found = failed.map(({ store, physical, verification }) => {
    const checks = verification.checks.filter(({ ok }) => !ok);
    return `${store} ${physical}: ${checks.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`;
  });
  const message = `${request.collection}: ${found.join(' | ')}; nothing was switched; run it again, with --rebuild if it repeats`;
  throw failure('VerificationFailed', message, { stores: failed });
}

const isVerified = ({ ok, checks }: StoreVerification): boolean =>
  ok && checks.every((check) => check.ok);

export function storeStep(context: BackfillContext, target: StoreTarget): StoreStepInput {
  const { input, state } = context;
  const { embedding } = planOf(context);
  return { jobId: state.jobId, request: input.request, embedding, target };
}
