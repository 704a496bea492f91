import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  demandSeries,
  hourMs,
  hourOfWeek,
  hoursOfWeek,
  type Want,
  wantsOf,
} from '../../../activities/usage/forecast/demand.ts';
import { forecastDemand } from '../../../activities/usage/forecast/forecastDemand.ts';
import { backtest, errorOf, seasonalMean } from '../../../activities/usage/forecast/seasonal.ts';
import { usageRecord } from '../../support/usage/usageRecords.ts';

/** Monday 2026-03-02 00:00 UTC. */
const monday = Date.UTC(2026, 2, 2);
const want = (from: number, to: number, milli = 1000): Want => ({
  ...{ from: monday + from * hourMs, to: monday + to * hourMs, milli },
});

/** Working hours: 8 devices from 9 to 17 on weekdays, else 2; `scale` by week. */
const wanted = (hour: number): number => {
  const [day, ofDay] = [Math.floor(hour / 24) % 7, hour % 24];
  return day < 5 && ofDay >= 9 && ofDay < 17 ? 8 : 2;
};
const weeks = (count: number, scale: (week: number) => number = () => 1): Want[] =>
  Array.from({ length: count * hoursOfWeek }, (_, hour) =>
    want(hour, hour + 1, 1000 * wanted(hour) * scale(Math.floor(hour / hoursOfWeek))),
  );

describe('demand', () => {
  test('is what was waited for and held; a lease given again does not count twice', () => {
    const first = { submittedAt: 0, grantedAt: 10, endedAt: 20 };
    const second = { submittedAt: 0, grantedAt: 30, endedAt: 40 };
    const records = [
      usageRecord('r.2', { requestId: 'r', ...second }),
      usageRecord('r', { requestId: 'r', ...first }),
    ];
    expect(wantsOf(records)).toEqual([
      { from: 0, to: 20, milli: 1000 },
      { from: 20, to: 40, milli: 1000 },
    ]);
  });

  test('mean and peak of each full hour', () => {
    const series = demandSeries(
      [want(0, 1.5), want(1.25, 1.5, 500), want(2, 2.5)],
      monday + 3.5 * hourMs,
    );
    expect(series.firstHour * hourMs).toBe(monday);
    expect(series.mean).toEqual([1, 0.625, 0.5]);
    expect(series.peak).toEqual([1, 1.5, 1]);
  });

  test('the hours together are all that was wanted in them', () => {
    const someWant = fc
      .tuple(fc.nat(400), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 4000 }))
      .map(([from, length, milli]) => want(from / 7, (from + length) / 7, milli));
    fc.assert(
      fc.property(fc.array(someWant, { minLength: 1, maxLength: 20 }), (wants) => {
        const whole = [want(0, 1), ...wants];
        const { mean, peak } = demandSeries(whole, monday + 100 * hourMs);
        const sum = whole.reduce((a, { from, to, milli }) => a + ((to - from) / hourMs) * milli, 0);
        expect(mean.reduce((a, b) => a + b, 0)).toBeCloseTo(sum / 1000, 6);
        for (const [hour, value] of mean.entries()) {
          expect(peak[hour]).toBeGreaterThanOrEqual(value - 1e-9);
        }
      }),
    );
  });

  test('weeks begin on Monday, UTC', () => {
    expect(hourOfWeek(monday / hourMs)).toBe(0);
    expect(hourOfWeek(monday / hourMs - 1)).toBe(167);
  });
});

describe('forecast', () => {
  test('finds a season that repeats, without error, and what serves its peaks', () => {
    const found = forecastDemand({
      wants: weeks(4),
      now: monday + 4 * hoursOfWeek * hourMs,
      weeks: 8,
    });
    expect(found.hourOfWeek.map(({ mean }) => Math.round((mean ?? 0) * 1e6) / 1e6)).toEqual(
      Array.from({ length: hoursOfWeek }, (_, hour) => wanted(hour)),
    );
    expect(found.next24[9]).toBeCloseTo(8);
    expect(found.error?.forecast.mae).toBeCloseTo(0);
    expect(found.error?.naive.mae).toBeCloseTo(0);
    expect(found.suggested).toMatchObject({ devices: 10, targetUtilization: 0.8 });
    expect(found.caveat).toBeNull();
  });

  test('one odd week harms it less than it harms the same hour of the week before', () => {
    const wants = weeks(5, (week) => (week === 3 ? 3 : 1));
    const { error } = forecastDemand({ wants, now: monday + 5 * hoursOfWeek * hourMs, weeks: 8 });
    expect(error?.naive.wape).toBeCloseTo(2);
    // Weights 0.343, 0.49, 0.7 and 1 of four weeks, the last of which is odd.
    expect(error?.forecast.wape).toBeCloseTo(2 / (1 + 0.7 + 0.49 + 0.343));
  });

  test('recent weeks count more, and older ones than asked for do not count', () => {
    const wants = weeks(2, (week) => (week === 0 ? 1 : 2));
    const now = monday + 2 * hoursOfWeek * hourMs;
    expect(forecastDemand({ wants, now, weeks: 8 }).hourOfWeek[0]?.mean).toBeCloseTo(5.4 / 1.7);
    expect(forecastDemand({ wants, now, weeks: 1 }).hourOfWeek[0]?.mean).toBeCloseTo(4);
  });

  test('says what it does not know', () => {
    const days = forecastDemand({ wants: weeks(1), now: monday + 50 * hourMs, weeks: 8 });
    expect(days).toMatchObject({ hours: 50, error: null });
    expect(days.hourOfWeek[50]).toEqual({ mean: null, peak: null });
    expect(days.caveat).toMatch(/^only 2\.1 days are recorded/);
    const none = forecastDemand({ wants: [], now: monday, weeks: 8 });
    expect(none).toMatchObject({ hours: 0, error: null, suggested: null });
    expect(none.caveat).toMatch(/^no full hour/);
    const almost = forecastDemand({ wants: weeks(2), now: monday + 335 * hourMs, weeks: 8 });
    expect(almost.error).toBeNull();
    expect(almost.caveat).toMatch(/before two weeks/);
  });

  test('errors by hand', () => {
    expect(errorOf([1, 4], [2, 2])).toEqual({ mae: 1.5, wape: 0.75 });
    expect(errorOf([1], [0])).toEqual({ mae: 1, wape: null });
    expect(seasonalMean([7], 0)[72]).toBe(7);
    expect(backtest(new Array(335).fill(1), 0)).toBeNull();
  });
});
