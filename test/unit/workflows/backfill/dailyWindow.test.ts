import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatWindow, windowState } from '../../../../workflows/backfill/dailyWindow.ts';

const at = (clock: string) => Date.parse(`2026-03-01T${clock}Z`);
const hours = (from: number, to: number) => ({ fromMinute: 60 * from, toMinute: 60 * to });
const hour = 60 * 60_000;

test('a window within a day is open from its begin to just before its end', () => {
  const window = hours(9, 17);
  expect(windowState(window, at('08:59:59'))).toEqual({ inside: false, changesInMs: 1_000 });
  expect(windowState(window, at('09:00:00'))).toEqual({ inside: true, changesInMs: 8 * hour });
  expect(windowState(window, at('16:59:59'))).toEqual({ inside: true, changesInMs: 1_000 });
  expect(windowState(window, at('17:00:00'))).toEqual({ inside: false, changesInMs: 16 * hour });
});

test('a window over midnight is open on both sides of it', () => {
  const window = hours(22, 6);
  expect(windowState(window, at('21:00:00'))).toEqual({ inside: false, changesInMs: hour });
  expect(windowState(window, at('23:00:00'))).toEqual({ inside: true, changesInMs: 7 * hour });
  expect(windowState(window, at('00:00:00'))).toEqual({ inside: true, changesInMs: 6 * hour });
  expect(windowState(window, at('06:00:00'))).toEqual({ inside: false, changesInMs: 16 * hour });
});

test('a window whose ends are equal is the whole day', () => {
  expect(windowState(hours(5, 5), at('17:00:00')).inside).toBe(true);
});

const minute = fc.integer({ min: 0, max: 1439 });

test('what is said to come next does come then, and nothing before', () => {
  fc.assert(
    fc.property(
      fc.record({ fromMinute: minute, toMinute: minute }),
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (window, now, part) => {
        fc.pre(window.fromMinute !== window.toMinute);
        const { inside, changesInMs } = windowState(window, now);
        expect(changesInMs).toBeGreaterThan(0);
        expect(windowState(window, now + changesInMs).inside).toBe(!inside);
        const between = now + Math.floor(part * changesInMs);
        expect(windowState(window, between).inside).toBe(inside);
      },
    ),
  );
});

test('it is written as a person gives it', () => {
  expect(formatWindow({ fromMinute: 1320, toMinute: 365 })).toBe('22:00-06:05 UTC');
});
