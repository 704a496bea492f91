import { z } from 'zod';
import { parseSize } from '../../activities/platform/size.ts';

/** One line for a person, however the value is wrong. */
export const expected = (description: string) => ({
  error: ({ input }: { input?: unknown }) =>
    input === undefined
      ? `is missing: expected ${description}`
      : `${shorten(JSON.stringify(input) ?? String(input))}: expected ${description}`,
});

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

/** A count with up to three decimals, such as 2.5 devices, in thousandths. */
export const thousandths = (what: string) =>
  z
    .number(expected(`a number of ${what}, 0 or more`))
    .refine((value) => value >= 0 && value <= 1e9, expected(`a number of ${what}, 0 or more`))
    .transform((value) => Math.round(value * 1000));

const sizeHint = 'a size such as 80GiB or 512MiB';

/** A size with its unit, in whole MiB: a bare number could mean anything. */
export const mebibytes = z
  .string(expected(sizeHint))
  .refine(
    (text) => /[a-z]$/i.test(text.trim()) && parseSize(text) !== undefined,
    expected(sizeHint),
  )
  .transform((text) => Math.floor((parseSize(text) ?? 0) / 2 ** 20));

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** Days of the week as 0 (Sunday) to 6. */
export const days = z
  .array(z.enum(dayNames, expected(`one of ${dayNames.join(', ')}`)), expected('a list of days'))
  .transform((names) => names.map((name) => dayNames.indexOf(name)));

export const everyDay = dayNames.map((_, day) => day);

/** `22:00` as minutes of the day, 24:00 included; undefined when it is no time of the day. */
export function minuteOfDay(text: string): number | undefined {
  const match = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(text);
  const minutes = match ? Number(match[1]) * 60 + Number(match[2]) : Number.NaN;
  return minutes <= 1440 ? minutes : undefined;
}

/** A point in time with its zone, such as `2026-03-01T22:00Z`, in ms; undefined when it is none. */
export function pointInTime(text: string): number | undefined {
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/;
  const time = pattern.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
}
