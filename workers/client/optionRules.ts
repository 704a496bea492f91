import { z } from 'zod';

/** One line for a person: what, the value, what was expected. */
export function expected(what: string, description: string) {
  return {
    error: ({ input }: { input?: unknown }) =>
      input === undefined
        ? `${what} is missing: expected ${description}`
        : `${what} ${JSON.stringify(input)}: expected ${description}`,
  };
}

/** A number, or the text of one as a shell gives it; an empty text is no zero. */
export function numeric(what: string, description: string, holds: (value: number) => boolean) {
  const message = expected(what, description);
  const toNumber = (value: unknown) =>
    typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return z
    .custom<number | string>((value) => {
      const number = toNumber(value);
      return typeof number === 'number' && holds(number);
    }, message)
    .transform((value) => Number(value));
}

export function text(what: string, description: string) {
  return z.string(expected(what, description)).min(1, expected(what, description));
}

/** @param see Name of the type that lists what is known */
export function unknownKey(what: string, see: string) {
  return (issue: { code?: string; keys?: string[] }) =>
    issue.code === 'unrecognized_keys'
      ? `${what}: unknown ${issue.keys?.join(', ')}; see ${see}`
      : `${what}: expected an object`;
}
