import { afterAll, beforeAll, expect, test } from 'vitest';
import { findLeftovers } from '../support/faults/leftovers.ts';
import { findVictim, killVictim } from '../support/faults/victims.ts';
import { type FaultStack, ingestArguments, startFaultStack } from '../support/faults.ts';

/** A model that is opened into shared memory when its host worker dies. */

let stack: FaultStack;

beforeAll(async () => {
  stack = await startFaultStack();
});
afterAll(() => stack?.stop());

test.each(['before', 'after'] as const)(
  'the host worker dies just %s a copy gets its name',
  async (when) => {
    const givenUp = AbortSignal.timeout(120_000);
    await stack.json(...ingestArguments(stack, 'none', 'warmed'));
    const copied = await stack.halts.arm({
      when,
      operation: 'rename',
      path: 'models/[0-9a-f]{64}$',
    });
    const warming = stack.json<{ path: string; bytes: number; residentBytes: number }>(
      'warm',
      'warmed',
    );
    await copied.reached(givenUp);
    await killVictim(await findVictim(stack.paths, 'host', givenUp), givenUp);
    const { path, bytes, residentBytes } = await warming;
    expect(path.startsWith(stack.paths.modelsRoot)).toBe(true);
    expect(residentBytes).toBeGreaterThanOrEqual(bytes);
    expect(await findLeftovers(stack.paths)).toEqual([]);
    await stack.json('evict', 'warmed');
  },
);
