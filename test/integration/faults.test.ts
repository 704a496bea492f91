import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findDamage } from '../support/faults/damage.ts';
import { concerns, type FaultPoint, type Method, pointsOf } from '../support/faults/points.ts';
import { chaosSeed, createChooser, explainFailure } from '../support/faults/seed.ts';
import {
  type Fault,
  type FaultStack,
  ingestUnderFaults,
  shardsOf,
  startFaultStack,
} from '../support/faults.ts';

/** Every process of a real stack is killed (-9) once while a real model is brought in. */

const seed = chaosSeed();
const choose = createChooser(seed);
let stack: FaultStack;

beforeAll(async () => {
  stack = await startFaultStack();
});
afterAll(() => stack?.stop());

function points(method: Method): FaultPoint[] {
  const shard = choose(Array.from({ length: shardsOf[method] }, (_, index) => index));
  return pointsOf(method, shard, shardsOf[method]);
}

async function survive(method: Method, name: string, faults: readonly Fault[]): Promise<void> {
  const deaths = faults.map(({ victim, point }) => `${victim} at ${point.name}`).join('; ');
  explainFailure(`BERTH_CHAOS_SEED=${seed} repeats it: ${deaths}`);
  const job = await ingestUnderFaults(stack, { method, name, faults });
  expect((await findDamage(stack, job, name)).join('\n')).toBe('');
}

describe('a job goes on by itself, and redoes no finished shard, after the death of', () => {
  test.each(['temporal', 'workflow', 'host', 'supervisor'] as const)('%s', (victim) =>
    survive('none', `faults/${victim}`, [{ victim, point: choose(points('none')) }]),
  );

  test('bridge and device worker', async () => {
    const leased = points('nf4').filter((point) => point.leased);
    const ofBridge = choose(leased.filter((point) => concerns(point, 'bridge')));
    const ofDevice = choose(leased.filter((point) => point !== ofBridge));
    const faults: Fault[] = [
      { victim: 'bridge', point: ofBridge },
      { victim: 'device', point: ofDevice },
    ];
    const order = ({ point }: Fault) => leased.indexOf(point);
    await survive(
      'nf4',
      'faults/device',
      faults.sort((a, b) => order(a) - order(b)),
    );
  });
});
