/** Logical CPUs as Linux lists them: `0-3,8` (cpuset(7), list format). */

/** Ascending, without repetition. */
export function parseCoreSet(text: string): number[] {
  const cores = text
    .trim()
    .split(',')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [first, last = first] = part.split('-').map(Number);
      if (first === undefined || last === undefined) return [];
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
  return [...new Set(cores)].sort((a, b) => a - b);
}

export function formatCoreSet(cores: readonly number[]): string {
  const sorted = [...new Set(cores)].sort((a, b) => a - b);
  const ranges: [number, number][] = [];
  for (const core of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === core - 1) last[1] = core;
    else ranges.push([core, core]);
  }
  return ranges
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(',');
}

export function sameCoreSet(a: string, b: string): boolean {
  return formatCoreSet(parseCoreSet(a)) === formatCoreSet(parseCoreSet(b));
}
