import { describe, expect, test } from 'vitest';
import { priceOf } from '../../../activities/usage/report/prices.ts';
import {
  reportUsage,
  type UsageReportInput,
} from '../../../activities/usage/report/usageReport.ts';
import { usageRecord } from '../../support/usage/usageRecords.ts';

const hour = 3_600_000;
const device = (model: string, milli = 1000, deviceId = 'd0') => ({
  ...{ deviceId, hostId: 'h', model, milli, memoryMib: 0 },
});
const times = (submittedAt: number, grantedAt: number, endedAt: number) => ({
  submittedAt: submittedAt * hour,
  grantedAt: grantedAt * hour,
  endedAt: endedAt * hour,
});

const records = [
  usageRecord('a', { team: 'nlp', ...times(0, 1, 3), devices: [device('A100 80GB')] }),
  usageRecord('b', { team: 'cv', ...times(2, 2, 6), devices: [device('H100', 500)] }),
  usageRecord('c', {
    ...{ team: 'nlp', ...times(3, 6, 7) },
    devices: [device('H100', 1000, 'd1'), device('H100', 1000, 'd2')],
  }),
];
const report = (parts: Partial<UsageReportInput> = {}) =>
  reportUsage({ records, uses: [], by: 'team', from: 0, to: 100 * hour, prices: null, ...parts });

describe('usage report', () => {
  test('hours count parts of devices, and gangs by each device', () => {
    const { rows, total } = report();
    expect(rows.map(({ group, leases, deviceHours }) => [group, leases, deviceHours])).toEqual([
      ['nlp', 2, 4],
      ['cv', 1, 2],
    ]);
    expect([total.leases, total.deviceHours]).toEqual([3, 6]);
  });

  test('hours outside the time asked for are not counted', () => {
    const { total } = report({ from: 2 * hour, to: 6.5 * hour });
    expect(total.deviceHours).toBeCloseTo(1 + 2 + 1);
  });

  test('by model, a lease counts with each model that it had', () => {
    const { rows } = report({ by: 'model' });
    expect(rows.map(({ group, leases, deviceHours }) => [group, leases, deviceHours])).toEqual([
      ['H100', 2, 4],
      ['A100 80GB', 1, 2],
    ]);
  });

  test('by day, hours fall to the day in which they were used', () => {
    const night = usageRecord('n', { ...times(20, 20, 53), devices: [device('H100')] });
    const { rows, total } = report({ by: 'day', records: [night] });
    expect(rows.map(({ group, leases, deviceHours }) => [group, leases, deviceHours])).toEqual([
      ['1970-01-01', 0, 4],
      ['1970-01-02', 0, 24],
      ['1970-01-03', 1, 5],
    ]);
    expect(total.deviceHours).toBe(33);
  });

  test('waits: mean and p95; of a lease given again, since the one before', () => {
    const again = [
      usageRecord('r', { requestId: 'r', ...times(0, 1, 5) }),
      usageRecord('r.2', { requestId: 'r', ...times(0, 7, 8) }),
    ];
    expect(report({ records: again, by: 'all' }).total.wait).toEqual({
      meanSeconds: 1.5 * 3600,
      p95Seconds: 1.95 * 3600,
    });
  });

  test('utilisation weighs hours and watchers, and says how much was watched', () => {
    const use = { leaseId: 'c', deviceId: 'd1', since: 0, peakMib: null };
    const uses = [
      { ...use, samples: 3, utilization: 1 },
      { ...use, since: 9, samples: 1, utilization: 0 },
      { ...use, leaseId: 'a', deviceId: 'd0', samples: 5, utilization: 0.3 },
      { ...use, leaseId: 'b', deviceId: 'd0', samples: 0, utilization: 0 },
    ];
    const { rows, total } = report({ uses });
    expect(rows[0]?.utilization).toBeCloseTo((2 * 0.3 + 1 * 0.75) / 3);
    expect(rows[0]?.watched).toBeCloseTo(3 / 4);
    expect(rows[1]).toMatchObject({ utilization: null, watched: 0 });
    expect(total.watched).toBeCloseTo(3 / 6);
  });

  test('cost by model; what no price fits is said', () => {
    const prices = { prices: { h100: 3, H: 1, B200: 9 }, currency: 'EUR' };
    const { currency, total, rows } = report({ prices, by: 'model' });
    expect(currency).toBe('EUR');
    expect(total).toMatchObject({ cost: 12, unpricedHours: 2 });
    expect(rows[1]).toMatchObject({ group: 'A100 80GB', cost: null, unpricedHours: 2 });
    expect(priceOf(prices, 'NVIDIA H100 80GB HBM3')).toBe(3);
    expect(priceOf(prices, 'L4')).toBeNull();
  });

  test('nothing recorded', () => {
    const { rows, total } = report({ records: [] });
    expect(rows).toEqual([]);
    expect(total).toMatchObject({ leases: 0, deviceHours: 0, wait: null, cost: null });
  });
});
