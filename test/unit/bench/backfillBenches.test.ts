import { defaultPayloadConverter } from '@temporalio/common';
import { expect, test } from 'vitest';
import { numberOf } from '../../../scripts/bench/backfilling/corpus.ts';
import { fillSeconds, pagesOf } from '../../../scripts/bench/backfilling/pageHistory.ts';
import {
  type ResumeRun,
  redoneBy,
  reportResume,
} from '../../../scripts/bench/resuming/resumeReport.ts';

const setting = { records: 8, pageRecords: 2, partitionPages: 2, seed: 1 };
const sentAt = (at: number, ...records: number[]) => records.map((record) => ({ record, at }));
const device = { victim: 'device' as const, at: 15 };

function run(changes: Partial<ResumeRun> = {}): ResumeRun {
  return {
    result: { chunks: 8 } as ResumeRun['result'],
    ...{ seconds: 10, fillSeconds: 5, pages: [], deaths: [] },
    sent: sentAt(10, 0, 1, 2, 3, 4, 5, 6, 7),
    differences: [{ store: 'lancedb', lost: 0, surplus: 0 }],
    ...changes,
  };
}

test('a text that a bridge gets again belongs to its partition and to the kill before', () => {
  const sent = [...run().sent, ...sentAt(20, 2, 3), ...sentAt(30, 3, 6)];
  const host = { victim: 'host' as const, at: 25 };
  expect(redoneBy({ deaths: [device, host], sent }, setting)).toEqual([
    { victim: 'device', partition: 0, texts: 2 },
    { victim: 'host', partition: 0, texts: 1 },
    { victim: 'host', partition: 1, texts: 1 },
  ]);
});

test('more than a page again, a lost id and a text that was overlooked each miss their target', () => {
  const verdicts = (undisturbed: ResumeRun, disturbed: ResumeRun) =>
    reportResume(setting, undisturbed, [disturbed]).targets.map(({ met }) => met);
  const page = { deaths: [device], sent: [...run().sent, ...sentAt(20, 2, 3)] };
  expect(verdicts(run(), run(page))).toEqual([true, true, true]);
  const more = { deaths: [device], sent: [...run().sent, ...sentAt(20, 1, 2, 3)] };
  expect(verdicts(run(), run(more))).toEqual([false, true, true]);
  const differences = [{ store: 'chroma', lost: 1, surplus: 0 }];
  expect(verdicts(run(), run({ ...page, differences }))).toEqual([true, false, true]);
  expect(verdicts(run({ sent: sentAt(10, 0) }), run(page))).toEqual([true, true, false]);
  expect(verdicts(run(), run())).toEqual([null, true, true]);
});

test('pages are read from a history with their attempts, and timed', () => {
  const time = (seconds: number) => ({ eventTime: { seconds, nanos: 5e8 } });
  const scheduled = (eventId: number, name: string, input: object, seconds: number) => ({
    ...{ eventId: eventId as never, ...time(seconds) },
    activityTaskScheduledEventAttributes: {
      activityType: { name },
      input: { payloads: [defaultPayloadConverter.toPayload(input)] },
    },
  });
  const pages = pagesOf([
    scheduled(1, 'warmModel', {}, 1),
    scheduled(2, 'embedPage', { partition: { index: 3 }, page: 0 }, 2),
    { activityTaskStartedEventAttributes: { scheduledEventId: 2 as never, attempt: 2 } },
    { activityTaskCompletedEventAttributes: { scheduledEventId: 2 as never }, ...time(9) },
    scheduled(5, 'writePage', { partition: 3, page: 0 }, 9),
    { activityTaskStartedEventAttributes: { scheduledEventId: 5 as never, attempt: 1 } },
    { activityTaskCompletedEventAttributes: { scheduledEventId: 5 as never }, ...time(12) },
    scheduled(8, 'embedPage', { partition: { index: 3 }, page: 1 }, 12),
  ] as never);
  expect(pages.map(({ type, page, attempts }) => [type, page, attempts])).toEqual([
    ['embedPage', 0, 2],
    ['writePage', 0, 1],
    ['embedPage', 1, 0],
  ]);
  expect(pages.every(({ partition }) => partition === 3)).toBe(true);
  expect(fillSeconds(pages)).toBe(10);
});

test("a text tells its record's number, a later chunk none", () => {
  expect(numberOf('Note 3.12: the tide turns')).toBe(12);
  expect(numberOf('the tide turns')).toBeUndefined();
});
