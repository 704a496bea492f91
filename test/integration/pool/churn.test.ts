import { afterAll, beforeAll, expect, test } from 'vitest';
import { churn } from '../../support/churn/churn.ts';
import { type ChurnStack, startChurnStack } from '../../support/churn/churnStack.ts';
import { chaosSeed } from '../../support/faults/seed.ts';

/** A minute of `npm run chaos`'s pool: holders and everything around them die, stop and come back. */

const seed = chaosSeed();
let stack: ChurnStack;

beforeAll(async () => {
  stack = await startChurnStack();
});
afterAll(() => stack?.stop());

test('a minute of faults: no device is lent twice, none is lost', async () => {
  const outcome = await churn(stack, { seed, seconds: 60, runners: 4 });
  const { offences, begun, fenced, disturbances } = outcome;
  const how = `BERTH_CHAOS_SEED=${seed} repeats it: ${disturbances.join('; ')}`;
  expect(offences, how).toBe('');
  expect(begun, how).toBeGreaterThan(5);
  expect(fenced, how).toBeGreaterThan(5);
}, 600_000);
