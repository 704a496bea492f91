import { expect, test } from 'vitest';
import { parseDailyWindow } from '../../../../workers/client/backfill/dailyWindow.ts';

test.each([
  ['22:00-06:00', 22 * 60, 6 * 60],
  ['09:30-17:00Z', 570, 1020],
  ['22:00-06:00+02:00', 20 * 60, 4 * 60],
  ['00:30-01:30+02:00', 22 * 60 + 30, 23 * 60 + 30],
  ['20:00-23:00-05:00', 60, 4 * 60],
])('%s', (text, fromMinute, toMinute) =>
  expect(parseDailyWindow(text)).toEqual({ fromMinute, toMinute }),
);

test.each(['', '22-06', '24:00-06:00', '22:60-06:00', '22:00-22:00', '22:00-06:00+99:00', 'night'])(
  '%j is refused',
  (text) => expect(() => parseDailyWindow(text)).toThrow(/expected two times of the day/),
);
