import { berthError } from '../../../workflows/contracts/errors.ts';
import { parseDuration } from '../duration.ts';

/**
 * A beginning as people name it: a time back such as `7d`, a date, or a date and time with zone.
 * @returns ms since the Unix epoch
 * @throws BerthError InvalidRequest
 */
export function usageSince(text: string, now: number): number {
  const back = parseDuration(text);
  if (back !== undefined) return now - back;
  const isDate = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text);
  const at = isDate ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(at) && at <= now) return at;
  throw berthError(
    'InvalidRequest',
    `--since ${text}: expected a time back such as 7d, or a past date such as 2026-03-01`,
  );
}
