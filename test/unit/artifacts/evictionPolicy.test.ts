import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type CopyState,
  decideRoom,
  type RoomRequest,
} from '../../../activities/artifacts/warm/evictionPolicy.ts';

const now = 1_000_000;
const minimumResidencyMs = 60_000;

const copy = fc.record({
  bytes: fc.nat(1000),
  pinned: fc.boolean(),
  mapped: fc.boolean(),
  lastUsedAt: fc.integer({ min: now - 200_000, max: now }),
});

const request: fc.Arbitrary<RoomRequest> = fc.record({
  copies: fc
    .array(copy, { maxLength: 12 })
    .map((copies) => copies.map((each, i) => ({ ...each, contentDigest: `digest${i}` }))),
  otherBytes: fc.nat(500),
  neededBytes: fc.nat(2000),
  budgetBytes: fc.nat(6000),
  freeBytes: fc.nat(6000),
  now: fc.constant(now),
  minimumResidencyMs: fc.constant(minimumResidencyMs),
});

const sum = (copies: readonly CopyState[]) => copies.reduce((bytes, each) => bytes + each.bytes, 0);
const mayGo = (each: CopyState) =>
  !each.pinned && !each.mapped && now - each.lastUsedAt >= minimumResidencyMs;

function split(given: RoomRequest, evict: string[]) {
  return {
    gone: given.copies.filter(({ contentDigest }) => evict.includes(contentDigest)),
    kept: given.copies.filter(({ contentDigest }) => !evict.includes(contentDigest)),
  };
}

function fitsAfter(given: RoomRequest, gone: readonly CopyState[]): boolean {
  const used = given.otherBytes + sum(given.copies) - sum(gone);
  return (
    used + given.neededBytes <= given.budgetBytes &&
    given.neededBytes <= given.freeBytes + sum(gone)
  );
}

test('never evicts what is pinned, mapped or too young', () => {
  fc.assert(
    fc.property(request, (given) => {
      const decision = decideRoom(given);
      if (!decision.fits) return;
      for (const each of split(given, decision.evict).gone) expect(mayGo(each)).toBe(true);
    }),
  );
});

test('evicts the least recently used first, and no more than needed', () => {
  fc.assert(
    fc.property(request, (given) => {
      const decision = decideRoom(given);
      if (!decision.fits || decision.evict.length === 0) return;
      const { gone, kept } = split(given, decision.evict);
      const youngestGone = Math.max(...gone.map(({ lastUsedAt }) => lastUsedAt));
      for (const each of kept.filter(mayGo)) {
        expect(each.lastUsedAt).toBeGreaterThanOrEqual(youngestGone);
      }
      const last = decision.evict.at(-1);
      const withoutLast = gone.filter(({ contentDigest }) => contentDigest !== last);
      const overdraws = !fitsAfter(given, []) && !fitsAfter(given, withoutLast);
      expect(overdraws).toBe(true);
    }),
  );
});

test('says that it fits exactly when evicting everything that may go makes room', () => {
  fc.assert(
    fc.property(request, (given) => {
      const decision = decideRoom(given);
      expect(decision.fits).toBe(
        fitsAfter(given, given.copies.filter(mayGo)) ||
          fitsAfter(given, []) ||
          given.neededBytes < 0,
      );
      if (decision.fits) expect(fitsAfter(given, split(given, decision.evict).gone)).toBe(true);
    }),
  );
});

test('says how much is short, and of what', () => {
  const pinned = { contentDigest: 'a', bytes: 60, pinned: true, mapped: false, lastUsedAt: 0 };
  const base = { copies: [pinned], otherBytes: 10, now, minimumResidencyMs };
  expect(decideRoom({ ...base, neededBytes: 50, budgetBytes: 100, freeBytes: 1000 })).toMatchObject(
    { fits: false, short: 'budget', shortBytes: 20, usedBytes: 70, pinnedBytes: 60 },
  );
  expect(decideRoom({ ...base, neededBytes: 50, budgetBytes: 1000, freeBytes: 5 })).toMatchObject({
    fits: false,
    short: 'memory',
    shortBytes: 45,
  });
});
