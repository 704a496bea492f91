import type { Victim } from '../faults/victims.ts';
import { atPage, type BackfillFault } from './backfillFaults.ts';

/** Pages of the corpus, by partition, that the draw is over. */
const pages = Array.from({ length: 10 }, (_, page) => page);

/** Draws `count` of a list, each once. */
export function drawSome<T>(
  choose: <U>(among: readonly U[]) => U,
  among: readonly T[],
  count: number,
): T[] {
  const left = [...among];
  return Array.from({ length: Math.min(count, among.length) }, () => {
    const [drawn] = left.splice(left.indexOf(choose(left)), 1);
    return drawn!;
  });
}

/**
 * Draws a page for every victim, each another, in the order in which a job comes by them.
 * @param choose draws one of a list
 */
export function drawFaults(
  choose: <T>(among: readonly T[]) => T,
  victims: readonly Victim[],
): BackfillFault[] {
  const drawn = new Map<number, Victim>();
  for (const victim of victims) {
    const free = pages.filter((page) => !drawn.has(page));
    drawn.set(choose(free), victim);
  }
  return [...drawn]
    .sort(([a], [b]) => a - b)
    .map(([page, victim]) => ({
      victim,
      at: atPage(page, choose(['before', 'after'] as const)),
      // A bridge is between two pages once its worker goes on, and then there may be none to kill.
      running: victim !== 'bridge' && choose([true, false]),
    }));
}
