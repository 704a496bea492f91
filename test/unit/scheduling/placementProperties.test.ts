import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Resources } from '../../../workflows/contracts/pool/requests.ts';
import { occupy, place, vacate } from '../../../workflows/scheduling/placement/place.ts';
import type {
  PlacementIndex,
  PlacementNode,
} from '../../../workflows/scheduling/placement/placementIndex.ts';
import { planMoves } from '../../../workflows/scheduling/placement/planMoves.ts';
import {
  type PolicyName,
  policyNames,
} from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import { createScoreMemo } from '../../../workflows/scheduling/placement/scoreMemo.ts';
import type { Placement } from '../../../workflows/scheduling/state.ts';
import {
  fraction,
  gpu,
  host,
  indexOf,
  linkAll,
  typicalTask,
  whole,
} from '../../support/scheduling/placementNodes.ts';

const nodes = (): PlacementNode[] => [
  host('a', [1000, 1000, 1000, 1000], { cpuCapMilli: 16_000, cpuFreeMilli: 16_000 }),
  host('b', [1000, 1000, 1000, 1000], { cpuCapMilli: 16_000, cpuFreeMilli: 16_000 }),
  host('c', [], { devices: linkAll([gpu('c0'), gpu('c1'), gpu('c2')], 'NV4') }),
  host('d', [], {
    devices: [gpu('d0', { model: 'A100', maxShares: 3 }), gpu('d1', { maxShares: 1 })],
  }),
];
const typical = [
  typicalTask(1, 300, 5),
  typicalTask(1, 500, 3, { cpuMilli: 4000 }),
  typicalTask(1, 1000, 4, { models: ['H100'] }),
  typicalTask(4, 1000, 1),
];

const resources: fc.Arbitrary<Resources> = fc.oneof(
  fc
    .record({
      milli: fc.integer({ min: 1, max: 999 }),
      memoryMib: fc.integer({ min: 0, max: 50_000 }),
      cpuMilli: fc.integer({ min: 0, max: 5000 }),
    })
    .map(({ milli, ...rest }) => fraction(milli, rest)),
  fc
    .record({
      devices: fc.integer({ min: 1, max: 4 }),
      cpuMilli: fc.integer({ min: 0, max: 9000 }),
      models: fc.constantFrom<string[]>([], ['a100'], ['h100']),
      link: fc.constantFrom(null, 'PHB' as const),
    })
    .map(({ devices, ...rest }) => whole(devices, rest)),
);
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ask: resources, domain: fc.constantFrom('nlp', 'vision') }) },
  { weight: 1, arbitrary: fc.record({ giveBack: fc.nat(20) }) },
);
const policy: fc.Arbitrary<PolicyName> = fc.constantFrom(...policyNames);

interface Held {
  placement: Placement;
  domain: string;
  resources: Resources;
}

/** What is free must be the capacity less all that is held, and never below nothing. */
function checkCapacity(index: PlacementIndex, held: readonly Held[]): void {
  for (const node of index.nodes) {
    const parts = held
      .flatMap(({ placement }) => placement.hosts)
      .filter(({ hostId }) => hostId === node.hostId);
    const cpu = parts.reduce((sum, { cpuMilli }) => sum + cpuMilli, 0);
    expect(node.cpuFreeMilli).toBe(node.cpuCapMilli - cpu);
    expect(node.cpuFreeMilli).toBeGreaterThanOrEqual(0);
    expect(node.memoryFreeMib).toBeGreaterThanOrEqual(0);
    for (const device of node.devices) {
      const sharers = held.filter(({ placement }) =>
        placement.devices.some(({ deviceId }) => deviceId === device.deviceId),
      );
      const shares = sharers.flatMap(({ placement }) =>
        placement.devices.filter(({ deviceId }) => deviceId === device.deviceId),
      );
      expect(device.freeMilli).toBe(1000 - shares.reduce((sum, { milli }) => sum + milli, 0));
      expect(device.freeMilli).toBeGreaterThanOrEqual(0);
      expect(device.freeMemoryMib).toBeGreaterThanOrEqual(0);
      expect(device.shares).toBe(shares.length);
      expect(shares.length).toBeLessThanOrEqual(device.maxShares);
      expect(new Set(sharers.map(({ domain }) => domain)).size).toBeLessThanOrEqual(1);
      if (shares.some(({ milli }) => milli === 1000)) expect(shares).toHaveLength(1);
    }
  }
}

function play(
  index: PlacementIndex,
  steps: readonly (typeof step extends fc.Arbitrary<infer T> ? T : never)[],
  check = (_index: PlacementIndex, _held: readonly Held[]): void => {},
): Held[] {
  const held: Held[] = [];
  for (const one of steps) {
    if ('ask' in one) {
      const placement = place(index, one.ask, { domain: one.domain });
      if (!placement) continue;
      occupy(index, placement, one.domain);
      held.push({ placement, domain: one.domain, resources: one.ask });
    } else if (held.length > 0) {
      const [gone] = held.splice(one.giveBack % held.length, 1);
      vacate(index, gone!.placement);
    }
    check(index, held);
  }
  return held;
}

test('capacity is never exceeded, and what is given back is there again', () => {
  fc.assert(
    fc.property(policy, fc.array(step, { maxLength: 40 }), (name, steps) => {
      const index = indexOf(nodes(), { policy: name, typical });
      for (const { placement } of play(index, steps, checkCapacity)) vacate(index, placement);
      const idle = indexOf(nodes());
      expect(index.nodes.map(({ devices }) => devices)).toEqual(
        idle.nodes.map(({ devices }) => devices),
      );
      expect(index.nodes.map((node) => [node.cpuFreeMilli, node.memoryFreeMib])).toEqual(
        idle.nodes.map((node) => [node.cpuFreeMilli, node.memoryFreeMib]),
      );
    }),
    { numRuns: 60 },
  );
});

test('what is remembered never changes a decision', () => {
  const scored = fc.constantFrom(
    ...policyNames.filter((name) => name !== 'random' && name !== 'clustering'),
  );
  fc.assert(
    fc.property(scored, fc.array(step, { maxLength: 30 }), resources, (name, steps, asked) => {
      const options = { policy: name, typical };
      const index = indexOf(nodes(), options);
      play(index, steps);
      const fresh = indexOf(index.nodes, options);
      expect(place(index, asked, { domain: 'nlp' })).toEqual(
        place(fresh, asked, { domain: 'nlp' }),
      );
      const forgetful = { ...fresh, memo: createScoreMemo(fresh.nodes, false, 1) };
      for (const node of fresh.nodes) forgetful.memo.touch(node);
      expect(place(forgetful, asked, { domain: 'nlp' })).toEqual(
        place(fresh, asked, { domain: 'nlp' }),
      );
    }),
    { numRuns: 60 },
  );
});

test('what is remembered is bounded', () => {
  const index = indexOf(nodes(), { typical });
  const small = { ...index, memo: createScoreMemo(index.nodes, false, 2000) };
  for (let milli = 1; milli < 400; milli++) {
    const placement = place(small, fraction(milli, { cpuMilli: milli }))!;
    occupy(small, placement);
    expect(small.memo.size()).toBeLessThanOrEqual(2000);
    vacate(small, placement);
  }
});

test('planned moves fit, are few, and leave the index as it was', () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 10, maxLength: 40 }),
      resources,
      fc.integer({ min: 1, max: 4 }),
      (steps, asked, maxMoves) => {
        const index = indexOf(nodes(), { typical });
        const held = play(index, steps);
        const movable = held.map(({ placement, resources, domain }, at) => ({
          leaseId: String(at).padStart(3, '0'),
          ...{ resources, placement, domain },
        }));
        const before = structuredClone(
          index.nodes.map(({ devices, cpuFreeMilli }) => [devices, cpuFreeMilli]),
        );
        const plan = planMoves(index, asked, movable, maxMoves, { domain: 'nlp' });
        expect(index.nodes.map(({ devices, cpuFreeMilli }) => [devices, cpuFreeMilli])).toEqual(
          before,
        );
        if (!plan) return;
        expect(plan.moves.length).toBeLessThanOrEqual(maxMoves);
        const moved = new Map(plan.moves.map(({ leaseId, to }) => [leaseId, to]));
        for (const { from } of plan.moves) vacate(index, from);
        const after = held.map((one, at) => ({
          ...one,
          placement: moved.get(movable[at]!.leaseId) ?? one.placement,
        }));
        for (const { leaseId, to } of plan.moves) {
          occupy(index, to, held[Number(leaseId)]!.domain);
        }
        occupy(index, plan.placement, 'nlp');
        checkCapacity(index, [
          ...after,
          { placement: plan.placement, domain: 'nlp', resources: asked },
        ]);
      },
    ),
    { numRuns: 80 },
  );
});
