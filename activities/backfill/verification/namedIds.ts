/** Ids that a message names; the rest is counted. */
export const named = 3;

export const nameOf = ({ recordId, chunk }: { recordId: string; chunk: number }): string =>
  `${JSON.stringify(recordId)} chunk ${chunk}`;

/** `4 missing ("a" chunk 0, …)`; empty where there are none. */
export function told(what: string, ids: readonly string[], count = ids.length): string {
  if (ids.length === 0) return '';
  const shown = ids.slice(0, named).join(', ');
  return `${count} ${what} (${shown}${count > named ? ', …' : ''})`;
}
