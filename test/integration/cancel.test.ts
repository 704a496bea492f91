import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findHalves } from '../support/faults/damage.ts';
import { type Method, pointsOf } from '../support/faults/points.ts';
import { cancelAt, type FaultStack, shardsOf, startFaultStack } from '../support/faults.ts';

/** `berth cancel` while a real job is at a step: nothing of it stays. Every step: npm run chaos. */

let stack: FaultStack;

beforeAll(async () => {
  stack = await startFaultStack();
});
afterAll(() => stack?.stop());

function pointNamed(method: Method, name: string) {
  const found = pointsOf(method, 2, shardsOf[method]).find((point) => point.name === name);
  if (found === undefined) throw new Error(`no step ${name}`);
  return found;
}

describe('a cancelled job leaves no tag, no staging, no shared memory and no bridge', () => {
  test.each([
    ['none', 'inspectSource, after its record'],
    ['none', 'assembleShard, before the shard gets its name'],
    ['none', 'sealShard, before its record'],
    ['none', 'sealCarriedFiles, amid them'],
    ['none', 'publishArtifact, blobs moved'],
    ['nf4', 'resolveModules'],
    ['nf4', 'quantizeShard'],
    ['nf4', 'evaluateGate'],
  ] as const)('%s: %s', async (method, name) => {
    const point = pointNamed(method, name);
    const ended = await cancelAt(stack, { method, name: 'cancelled', point });
    // A publication goes on until it hears of the request; then it may be done.
    if (!name.startsWith('publishArtifact')) expect(ended.cancelled).toBe(true);
    expect((await findHalves(stack, ended, 'cancelled')).join('\n')).toBe('');
    expect(await stack.json('models')).toMatchObject({ models: [] });
  });
});
