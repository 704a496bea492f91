/** Names that a summary carries through Temporal; the whole list stays in staging. */
const maxNames = 100;

/** The first names of a list, and how many more there are. */
export function shortenNames(names: readonly string[]): string[] {
  if (names.length <= maxNames) return [...names];
  return [...names.slice(0, maxNames), `… and ${names.length - maxNames} more`];
}
