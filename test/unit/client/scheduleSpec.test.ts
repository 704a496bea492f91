import { describe, expect, it } from 'vitest';
import { buildIngestSchedule, buildWarmSchedule } from '../../../workers/client/scheduledJobs.ts';
import { buildScheduleTiming } from '../../../workers/client/scheduleSpec.ts';
import type { IngestInput } from '../../../workflows/contracts/ingest.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('buildScheduleTiming', () => {
  it('builds a cron schedule that skips overlaps, with jitter and a catch-up window', () => {
    expect(buildScheduleTiming({ cron: '0 2 * * *', timezone: 'Europe/Berlin' })).toEqual({
      spec: { cronExpressions: ['0 2 * * *'], timezone: 'Europe/Berlin', jitter: minute },
      policies: { overlap: 'SKIP', catchupWindow: hour },
    });
  });

  it('builds an interval schedule with what was asked', () => {
    const timing = { every: '24h', jitter: '15m', catchupWindow: '2d' };
    expect(buildScheduleTiming(timing)).toEqual({
      spec: { intervals: [{ every: 24 * hour }], jitter: 15 * minute },
      policies: { overlap: 'SKIP', catchupWindow: 48 * hour },
    });
  });

  it('keeps the default jitter below a tenth of a short interval', () => {
    expect(buildScheduleTiming({ every: '2m' }).spec.jitter).toBe(12_000);
  });

  it.each([
    [{}, /expected one of --cron .* and --every/],
    [{ cron: '0 2 * * *', every: '1h' }, /expected one of --cron/],
    [{ cron: 'tomorrow' }, /^cron "tomorrow": expected 5 to 7 fields/],
    [{ cron: '0 2 * *' }, /^cron "0 2 \* \*"/],
    [{ cron: '0 2 * * $' }, /^cron/],
    [{ every: '1 fortnight' }, /^every "1 fortnight": expected a duration/],
    [{ every: '30s' }, /^every "30s": expected a duration of at least 60s/],
    [{ every: '1h', timezone: 'UTC' }, /^time zone with --every/],
    [{ cron: '@daily', timezone: 'Mars/Olympus' }, /^time zone "Mars\/Olympus"/],
    [{ cron: '@daily', jitter: 'some' }, /^jitter "some"/],
    [{ cron: '@daily', catchupWindow: '1s' }, /^catch-up window "1s"/],
  ])('refuses %j in one line', (timing, message) => {
    expect(() => buildScheduleTiming(timing)).toThrow(message);
  });
});

describe('schedules of jobs', () => {
  const input: IngestInput = {
    request: {
      source: '/models/minilm',
      name: 'minilm',
      tag: 'nightly',
      quantize: 'nf4',
      doubleQuant: false,
      shardBytes: 2 ** 29,
      gate: {},
      strict: false,
    },
    hostId: 'h',
    listingSha256: 'of today',
    team: 'default',
  };

  it('takes the listing of an ingest when it runs', () => {
    const schedule = buildIngestSchedule({ every: '24h' }, input);
    expect(schedule).toMatchObject({
      scheduleId: 'ingest/minilm/nightly',
      policies: { overlap: 'SKIP' },
      action: {
        workflowType: 'ingestModelWorkflow',
        workflowId: 'ingest/minilm/nightly/scheduled',
        taskQueue: 'berth',
        args: [{ ...input, listingSha256: '' }],
      },
    });
  });

  it('warms what the reference names then', () => {
    const warm = { hostId: 'h', ref: 'minilm:nightly', pin: true, lock: false };
    const schedule = buildWarmSchedule({ cron: '@hourly', id: 'mine' }, warm);
    expect(schedule).toMatchObject({
      scheduleId: 'mine',
      action: { workflowType: 'warmModelWorkflow', args: [warm] },
    });
  });
});
