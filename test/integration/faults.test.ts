import { afterAll, beforeAll, describe, expect, onTestFailed, test } from 'vitest';
import { type Method, pointsOf } from '../support/faults/points.ts';
import { chaosSeed, createChooser } from '../support/faults/seed.ts';
import type { Victim } from '../support/faults/victims.ts';
import {
  type FaultStack,
  findDamage,
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

/** A step after the one before, so that several deaths of one job come in order. */
function choosePoint(method: Method, shard: number, leased = false) {
  return choose(
    pointsOf(method, shard, shardsOf[method]).filter((point) => point.leased === leased),
  );
}

async function survive(method: Method, name: string, deaths: readonly Victim[]): Promise<void> {
  const shard = choose(Array.from({ length: shardsOf[method] }, (_, index) => index));
  const faults = deaths.map((victim) => ({
    victim,
    point: choosePoint(method, shard, method !== 'none'),
  }));
  onTestFailed(() =>
    console.error(
      `BERTH_CHAOS_SEED=${seed}: ${faults.map(({ victim, point }) => `${victim} at ${point.name}`).join('; ')}`,
    ),
  );
  const job = await ingestUnderFaults(stack, { method, name, faults });
  expect(await findDamage(stack, job, name)).toEqual([]);
}

describe('a job goes on by itself after the death of', () => {
  test.each(['temporal', 'workflow', 'host', 'supervisor'] as const)('%s', (victim) =>
    survive('none', `faults/${victim}`, [victim]),
  );

  test.each(['bridge', 'device'] as const)('%s', (victim) =>
    survive('nf4', `faults/${victim}`, [victim]),
  );
});
