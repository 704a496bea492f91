import { isAbsolute, join } from 'node:path';

/** Where usage is recorded. */
export type UsageLocation = { kind: 'sqlite'; path: string } | { kind: 'postgres'; url: string };

const isPostgres = (text: string): boolean => /^postgres(ql)?:/i.test(text);

/**
 * BERTH_USAGE: a path or a Postgres URL; absent: a file in BERTH_HOME. A file serves one host; several
 * hosts need one Postgres database.
 */
export function usageLocation(text: string | undefined, home: string): UsageLocation {
  if (text === undefined) return { kind: 'sqlite', path: join(home, 'usage', 'usage.db') };
  return isPostgres(text) ? { kind: 'postgres', url: text } : { kind: 'sqlite', path: text };
}

/** @returns what is wrong with BERTH_USAGE, without the text itself, which may hold a password */
export function checkUsage(text: string): string | undefined {
  const expected = 'expected an absolute path, or a URL such as postgres://user@host:5432/berth';
  if (!isPostgres(text)) return isAbsolute(text) ? undefined : expected;
  return URL.canParse(text) && new URL(text).pathname.length > 1 ? undefined : expected;
}

/** For people and logs: neither password nor anything else that a URL's query may hold. */
export function describeLocation(location: UsageLocation): string {
  if (location.kind === 'sqlite') return location.path;
  const { hostname, port, pathname } = new URL(location.url);
  return `postgres://${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
}
