import type { DailyWindow } from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';

const pattern =
  /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)(?:([+-])(\d\d):([0-5]\d)|Z)?$/;
const dayMinutes = 24 * 60;

/**
 * `22:00-06:00` in UTC, or with an offset, `22:00-06:00+02:00`. An offset does not follow summer
 * time.
 * @throws BerthError InvalidRequest
 */
export function parseDailyWindow(text: string): DailyWindow {
  const match = pattern.exec(text.trim());
  const [, fromHour, fromMinute, toHour, toMinute, sign, hours, minutes] = match ?? [];
  const offset =
    sign === undefined ? 0 : (sign === '+' ? 1 : -1) * (60 * Number(hours) + Number(minutes));
  const utc = (hour: unknown, minute: unknown) =>
    (60 * Number(hour) + Number(minute) - offset + 2 * dayMinutes) % dayMinutes;
  const window = { fromMinute: utc(fromHour, fromMinute), toMinute: utc(toHour, toMinute) };
  if (match === null || Math.abs(offset) > 14 * 60 || window.fromMinute === window.toMinute) {
    throw berthError(
      'InvalidRequest',
      `between ${JSON.stringify(text)}: expected two times of the day, such as 22:00-06:00 (UTC) or 22:00-06:00+02:00`,
    );
  }
  return window;
}
