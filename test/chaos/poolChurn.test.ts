import { afterAll, beforeAll, expect, onTestFailed, test } from 'vitest';
import { churn, summarize } from '../support/churn/churn.ts';
import { type ChurnStack, startChurnStack } from '../support/churn/churnStack.ts';
import { chaosSeed } from '../support/faults/seed.ts';

/** Holders of leases and everything around them die, stop and come back, for ten minutes and more. */

const seed = chaosSeed();
let stack: ChurnStack;

beforeAll(async () => {
  stack = await startChurnStack();
});
afterAll(() => stack?.stop());

test('ten minutes of faults: no device is lent twice, none is lost', async () => {
  const outcome = await churn(stack, { seed, seconds: 660, leases: 200, runners: 5 });
  console.info(summarize(seed, outcome));
  const { offences, begun, fenced, history } = outcome;
  onTestFailed(() => console.error(`BERTH_CHAOS_SEED=${seed} repeats it:\n${history}`));
  expect(offences).toBe('');
  expect(begun).toBeGreaterThan(100);
  expect(fenced).toBeGreaterThan(100);
});
