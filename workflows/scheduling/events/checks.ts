import type { Fields } from './untrusted.ts';

/** What a field has to be, and how a person is told. */
export interface Check {
  expected: string;
  holds(value: unknown): boolean;
}

/** The named fields of `value`, or one line about the first that does not hold. */
export function checked<T>(
  value: Fields,
  checks: Record<keyof T & string, Check>,
): { value: T } | { problem: string } {
  const taken: Fields = {};
  for (const [field, check] of Object.entries<Check>(checks)) {
    const found = value[field];
    if (!check.holds(found)) {
      return { problem: `${field} ${show(found)}: expected ${check.expected}` };
    }
    taken[field] = found;
  }
  return { value: taken as T };
}

/** As a person sees it in one line, short. */
export function show(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const shown = (value === undefined ? 'is missing' : JSON.stringify(value)) ?? typeof value;
  return shown.length > 80 ? `${shown.slice(0, 77)}...` : shown;
}

export const integer = (least: number, most: number, unit = 'a whole number'): Check => ({
  expected: `${unit} from ${least} to ${most}`,
  holds: (value) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most,
});

export const text = (least: number, most: number): Check => ({
  expected: `text of ${least} to ${most} characters in one line`,
  holds: (value) =>
    typeof value === 'string' &&
    value.length >= least &&
    value.length <= most &&
    !/\p{Cc}/u.test(value),
});

export const nullable = (check: Check): Check => ({
  expected: `${check.expected}, or null`,
  holds: (value) => value === null || check.holds(value),
});

export const listOfTexts = (most: number): Check => ({
  expected: `a list of at most ${most} names`,
  holds: (value) =>
    Array.isArray(value) && value.length <= most && value.every((name) => text(1, 256).holds(name)),
});
