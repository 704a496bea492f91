import { afterAll, beforeAll, expect, test } from 'vitest';
import { churn } from '../support/churn/churn.ts';
import { type ChurnStack, startChurnStack } from '../support/churn/churnStack.ts';
import { chaosSeed, explainFailure } from '../support/faults/seed.ts';

/** Holders of leases and everything around them die, stop and come back, for ten minutes and more. */

const seed = chaosSeed();
let stack: ChurnStack;

beforeAll(async () => {
  stack = await startChurnStack();
});
afterAll(() => stack?.stop());

test('ten minutes of faults: no device is lent twice, none is lost', async () => {
  explainFailure(`BERTH_CHAOS_SEED=${seed} repeats it`);
  const outcome = await churn(stack, { seed, seconds: 660, runners: 5 });
  const { offences, begun, fenced, disturbances } = outcome;
  expect(offences, disturbances.join('\n')).toBe('');
  expect(begun).toBeGreaterThan(100);
  expect(fenced).toBeGreaterThan(100);
});
