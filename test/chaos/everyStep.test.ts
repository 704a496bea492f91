import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findDamage } from '../support/faults/damage.ts';
import { concerns, type Method, pointsOf } from '../support/faults/points.ts';
import { chaosSeed, createChooser, explainFailure } from '../support/faults/seed.ts';
import { type Victim, victims } from '../support/faults/victims.ts';
import {
  type FaultStack,
  ingestUnderFaults,
  shardsOf,
  startFaultStack,
} from '../support/faults.ts';

/** Every process dies (-9) at every step of a job, one after the other within the same job. */

const seed = chaosSeed();
const choose = createChooser(seed);
let stack: FaultStack;

beforeEach(async () => {
  stack = await startFaultStack();
});
afterEach(() => stack?.stop());

async function dieAtEveryStep(method: Method, victim: Victim): Promise<void> {
  const shard = choose(Array.from({ length: shardsOf[method] }, (_, index) => index));
  const faults = pointsOf(method, shard, shardsOf[method])
    .filter((point) => concerns(point, victim))
    .map((point) => ({ victim, point }));
  explainFailure(`BERTH_CHAOS_SEED=${seed} repeats it, at shard ${shard}`);
  const job = await ingestUnderFaults(stack, { method, name: 'chaos', faults });
  expect((await findDamage(stack, job, 'chaos')).join('\n')).toBe('');
}

describe('a model brought in as it is survives, at every step, the death of', () => {
  test.each(['temporal', 'workflow', 'host', 'supervisor', 'machine'] as const)('%s', (victim) =>
    dieAtEveryStep('none', victim),
  );
});

describe('a model that is quantized survives, at every step, the death of', () => {
  test.each([...victims, 'machine'] as const)('%s', (victim) => dieAtEveryStep('nf4', victim));
});
