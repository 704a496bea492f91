import { ActivityFailure, ApplicationFailure, CancellationScope, log } from '@temporalio/workflow';
import type { StoreTarget } from '../contracts/backfill/pages.ts';
import { formatStoreRef } from '../contracts/backfill/request.ts';
import { failure } from '../contracts/errors.ts';
import { backfillActivities } from './activities.ts';
import type { BackfillContext } from './context.ts';
import { reasonOf } from './reasonOf.ts';

/**
 * Points the alias of every store at its new collection, all of them or none: when one cannot be
 * switched, or was pointed elsewhere since the job began, those before it are switched back. Not
 * interrupted by a cancellation once it has begun.
 * @throws the failure of the store that could not be switched
 */
export async function switchAliases(context: BackfillContext): Promise<void> {
  const { state } = context;
  context.committed = true;
  context.enter('switch', 'switching');
  await CancellationScope.nonCancellable(async () => {
    for (const [place, target] of state.targets.entries()) {
      try {
        const { previous, physical } = target;
        if (previous !== physical) await point(context, target, previous, physical);
      } catch (error) {
        await switchBack(context, place, error);
      }
      mark(context, place, { switched: true, mayBeNamed: true });
      context.show(`${formatStoreRef(target.store)} is switched`);
    }
  });
}

/** @throws always */
async function switchBack(
  context: BackfillContext,
  failed: number,
  cause: unknown,
): Promise<never> {
  const { state } = context;
  const stuck: string[] = [];
  const targets = state.targets.slice(0, failed + 1);
  // The one that failed may have switched all the same, its answer lost: it goes back like the rest.
  for (const [place, target] of [...targets.entries()].reverse()) {
    if (target.previous === target.physical) continue;
    const store = formatStoreRef(target.store);
    mark(context, place, { switched: false, mayBeNamed: true });
    context.show(`switching ${store} back`);
    try {
      await point(context, target, target.physical, target.previous);
      mark(context, place, { switched: false, mayBeNamed: false });
    } catch (error) {
      if (hasMoved(error)) {
        mark(context, place, { switched: false, mayBeNamed: false });
        continue;
      }
      log.error('an alias was not switched back', { store, error: String(error) });
      stuck.push(`${store} may name ${target.physical} instead of ${target.previous ?? 'nothing'}`);
    }
  }
  if (stuck.length === 0) throw cause;
  const { collection } = context.input.request;
  const message = `${collection}: could not be switched (${reasonOf(cause)}) nor back everywhere: ${stuck.join('; ')}; check with berth collections, then berth rollback ${collection}`;
  throw failure('StoreUnavailable', message);
}

/** Somebody has pointed the alias elsewhere: theirs is the last word. */
const hasMoved = (error: unknown): boolean =>
  error instanceof ActivityFailure &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type === 'VerificationFailed';

const point = (
  context: BackfillContext,
  { store }: StoreTarget,
  from: string | null,
  to: string | null,
) =>
  backfillActivities(
    context.input.hostId,
    `${formatStoreRef(store)} → ${to ?? 'none'}`,
  ).switchAlias({
    ...{ store, collection: context.input.request.collection, from, to },
  });

function mark(
  { state }: BackfillContext,
  place: number,
  change: { switched: boolean; mayBeNamed: boolean },
): void {
  const outcome = state.outcomes[place];
  if (outcome !== undefined) Object.assign(outcome, change);
}
