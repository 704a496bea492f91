import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findHalves } from '../support/faults/damage.ts';
import { type Method, pointsOf } from '../support/faults/points.ts';
import { chaosSeed, createChooser, explainFailure } from '../support/faults/seed.ts';
import { cancelAt, type FaultStack, shardsOf, startFaultStack } from '../support/faults.ts';

/** A job is cancelled at every step, a new one for each. */

const seed = chaosSeed();
const choose = createChooser(seed);
let stack: FaultStack;

beforeEach(async () => {
  stack = await startFaultStack();
});
afterEach(() => stack?.stop());

describe('wherever a job is cancelled, it leaves all of a model or nothing', () => {
  test.each(['none', 'nf4'] as const)('%s', async (method: Method) => {
    const shard = choose(Array.from({ length: shardsOf[method] }, (_, index) => index));
    explainFailure(`BERTH_CHAOS_SEED=${seed} repeats it, at shard ${shard}`);
    const tooLate: string[] = [];
    for (const point of pointsOf(method, shard, shardsOf[method])) {
      const ended = await cancelAt(stack, { method, name: 'cancelled', point });
      if (!ended.cancelled) tooLate.push(point.name);
      const halves = await findHalves(stack, ended, 'cancelled');
      expect(halves.join('\n'), point.name).toBe('');
    }
    expect(tooLate.filter((name) => !name.startsWith('publishArtifact'))).toEqual([]);
  });
});
