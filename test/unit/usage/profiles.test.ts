import { describe, expect, test } from 'vitest';
import { learnProfile } from '../../../activities/usage/profiles/learnProfile.ts';
import { suggestRun } from '../../../activities/usage/profiles/suggestRun.ts';
import { learnedSeconds } from '../../../workers/client/usage/learnedSeconds.ts';
import { usageRecord } from '../../support/usage/usageRecords.ts';

const key = 'python:train.py';
const lease = (leaseId: string, seconds: number, end: 'released' | 'expired' = 'released') =>
  usageRecord(leaseId, { profileKey: key, grantedAt: 0, endedAt: seconds * 1000, end });
const use = (leaseId: string, utilization: number, peakMib: number | null, samples = 1) => ({
  ...{ leaseId, deviceId: 'd0', since: 0, samples, utilization, peakMib },
});

const records = [lease('a', 100), lease('b', 200), lease('c', 300)];
const uses = [use('a', 0.1, 900), use('b', 0.2, 1000), use('c', 0.3, 1100)];

describe('profiles', () => {
  test('durations, memory and compute of leases that ended by themselves', () => {
    const profile = learnProfile(key, [...records, lease('x', 9_000, 'expired')], uses);
    expect(profile).toMatchObject({
      leases: 3,
      devices: 1,
      durationSeconds: { p50: 200, p90: 280 },
    });
    expect(profile?.peakMib).toBeCloseTo(1090);
    expect(profile?.utilization?.mean).toBeCloseTo(0.2);
    expect(profile?.utilization?.p95).toBeCloseTo(0.29);
  });

  test('watchers of one lease count by their looks, the highest peak counts', () => {
    const twice = [...uses, { ...use('a', 0.5, 2000, 3), since: 7 }];
    const profile = learnProfile(key, records, twice);
    expect(profile?.utilization?.mean).toBeCloseTo((0.4 + 0.2 + 0.3) / 3);
    expect(profile?.peakMib).toBeGreaterThan(1900);
  });

  test('with too few nothing is concluded', () => {
    expect(learnProfile(key, records.slice(1), uses)).toBeNull();
    expect(learnProfile('other', records, uses)).toBeNull();
    const dark = learnProfile(key, records, [use('a', 1, null), use('b', 1, 5), use('c', 1, 5)]);
    expect(dark).toMatchObject({ peakMib: null, utilization: { mean: 1 } });
  });
});

describe('suggestion', () => {
  const profile = {
    profileKey: key,
    leases: 3,
    durationSeconds: { p50: 1, p90: 99.2 },
    devices: 1,
  };
  const half = { ...profile, peakMib: 1000, utilization: { mean: 0.3, p95: 0.4 } };

  test('a part of a device, with a margin', () => {
    expect(suggestRun(half, 40_000)).toEqual({
      ...{ fraction: 0.5, memoryMib: 1152, expectedSeconds: 100 },
    });
    const idle = { ...half, utilization: { mean: 0, p95: 0 } };
    expect(suggestRun(idle, 40_000).fraction).toBe(0.05);
  });

  test('no part where a whole one is needed, or too little is known', () => {
    expect(
      suggestRun({ ...half, utilization: { mean: 0.8, p95: 0.85 } }, 40_000).fraction,
    ).toBeNull();
    expect(suggestRun({ ...half, devices: 2 }, 40_000).fraction).toBeNull();
    expect(suggestRun(half, 1200).fraction).toBeNull();
    expect(suggestRun(half, 0).fraction).toBeNull();
    expect(suggestRun({ ...half, peakMib: null }, 40_000)).toEqual({
      ...{ fraction: null, memoryMib: null, expectedSeconds: 100 },
    });
  });
});

test('a request is expected to take what nine of ten took; a database that fails costs nothing', async () => {
  const profile = learnProfile(key, records, uses);
  expect(await learnedSeconds({ profile: async () => profile }, key)).toBe(280);
  expect(await learnedSeconds({ profile: async () => null }, key)).toBeNull();
  expect(await learnedSeconds({ profile: async () => profile }, null)).toBeNull();
  const away = { profile: () => Promise.reject(new Error('away')) };
  expect(await learnedSeconds(away, key)).toBeNull();
});
