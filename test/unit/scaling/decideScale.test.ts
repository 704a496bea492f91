import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decideScale,
  remember,
  type ScaleInput,
  type ScaleLook,
  usualHysteresis,
} from '../../../workers/scaling/decideScale.ts';

const minute = 60_000;
const idle = { oldestWaitMs: 0, waitingMilli: 0, largestGang: 0 };
const decide = (parts: Partial<ScaleInput>) =>
  decideScale({
    now: 100 * minute,
    current: 2,
    history: [],
    queue: idle,
    forecast: null,
    bounds: { min: 1, max: 8 },
    ...parts,
  });
/** The same want at each minute until now. */
const steady = (wantedMilli: number, minutes: number): ScaleLook[] =>
  Array.from({ length: minutes + 1 }, (_, index) => ({
    at: (100 - minutes + index) * minute,
    wantedMilli,
  }));

describe('scaling', () => {
  test('up at once by what waits, once it has waited for long enough', () => {
    const queue = { oldestWaitMs: 29_000, waitingMilli: 2500, largestGang: 1 };
    expect(decide({ queue }).count).toBe(2);
    expect(decide({ queue: { ...queue, oldestWaitMs: 30_000 } })).toEqual({
      count: 5,
      reason: 'a request has waited for 30 s',
    });
  });

  test('a gang gets as many as it needs together', () => {
    const queue = { oldestWaitMs: minute, waitingMilli: 6000, largestGang: 6 };
    expect(decide({ current: 0, bounds: { min: 0, max: 8 }, queue }).count).toBe(6);
  });

  test('within bounds, also when somebody else has left them', () => {
    const queue = { oldestWaitMs: minute, waitingMilli: 50_000, largestGang: 1 };
    expect(decide({ queue }).count).toBe(8);
    expect(decide({ current: 12, history: steady(12_000, 20) }).count).toBe(8);
    expect(decide({ current: 0 }).count).toBe(1);
  });

  test('down to what would have done, after the quiet time only', () => {
    expect(decide({ current: 5, history: steady(1200, 9) }).count).toBe(5);
    expect(decide({ current: 5, history: steady(1200, 10) }).count).toBe(2);
    const busyOnce = steady(1200, 10).with(5, { at: 95 * minute, wantedMilli: 4000 });
    expect(decide({ current: 5, history: busyOnce }).count).toBe(4);
  });

  test('never down while something waits', () => {
    const queue = { oldestWaitMs: 1_000, waitingMilli: 100, largestGang: 1 };
    expect(decide({ current: 5, history: steady(0, 20), queue }).count).toBe(5);
  });

  test('the forecast brings devices before they are asked for, and keeps them', () => {
    expect(decide({ forecast: 3.2 })).toEqual({ count: 4, reason: 'the forecast wants more' });
    expect(decide({ current: 6, history: steady(0, 20), forecast: 4 }).count).toBe(4);
    expect(decide({ forecast: 99 }).count).toBe(8);
  });

  test('the history keeps just what a decision needs', () => {
    let history: ScaleLook[] = [];
    for (const look of steady(1000, 50)) history = remember(history, look);
    expect(history).toEqual(steady(1000, 10));
  });
});

/** Runs the decision for minutes of changing demand; a request waits while there are too few devices. */
function simulate(demand: readonly number[], bounds: { min: number; max: number }): number[] {
  let current = bounds.min;
  let history: ScaleLook[] = [];
  let waitingSince: number | undefined;
  return demand.map((wanted, index) => {
    const now = index * minute;
    const missing = Math.max(0, wanted - current);
    waitingSince = missing > 0 ? (waitingSince ?? now) : undefined;
    history = remember(history, { at: now, wantedMilli: wanted * 1000 });
    const oldestWaitMs = waitingSince === undefined ? 0 : now - waitingSince;
    const queue = { oldestWaitMs, waitingMilli: missing * 1000, largestGang: Math.min(1, missing) };
    current = decideScale({ now, current, history, queue, forecast: null, bounds }).count;
    return current;
  });
}

describe('properties of scaling', () => {
  const demand = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 120 });
  const someBounds = fc
    .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 8 }))
    .map(([min, more]) => ({ min, max: min + more }));
  const quietMinutes = usualHysteresis.downAfterMs / minute;

  test('bounds hold, whatever comes', () => {
    fc.assert(
      fc.property(demand, someBounds, (wanted, bounds) => {
        for (const count of simulate(wanted, bounds)) {
          expect(count).toBeGreaterThanOrEqual(bounds.min);
          expect(count).toBeLessThanOrEqual(bounds.max);
        }
      }),
    );
  });

  test('it never flaps: what goes was not wanted during the whole quiet time before', () => {
    fc.assert(
      fc.property(demand, someBounds, (wanted, bounds) => {
        const counts = simulate(wanted, bounds);
        for (const [at, count] of counts.entries()) {
          const before = counts[at - 1] ?? bounds.min;
          if (count >= before) continue;
          expect(at).toBeGreaterThanOrEqual(quietMinutes);
          const most = Math.max(...wanted.slice(at - quietMinutes, at + 1));
          expect(count).toBeGreaterThanOrEqual(Math.min(most, bounds.max));
        }
      }),
    );
  });

  test('demand that repeats within the quiet time makes it move once, and then no more', () => {
    const period = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(period, someBounds, (part, bounds) => {
        // Each level lasts long enough to be reacted to.
        const wanted = Array.from({ length: 30 }, () => part.flatMap((n) => [n, n])).flat();
        const settled = simulate(wanted, bounds).slice(2 * quietMinutes + part.length * 4);
        expect(new Set(settled).size).toBe(1);
      }),
    );
  });

  test('who waits gets a device in the end, where the bounds allow it', () => {
    fc.assert(
      fc.property(demand, someBounds, (wanted, bounds) => {
        const last = wanted.at(-1) ?? 0;
        const held = [...wanted, ...Array.from({ length: 5 }, () => last)];
        expect(simulate(held, bounds).at(-1)).toBeGreaterThanOrEqual(Math.min(last, bounds.max));
      }),
    );
  });
});
