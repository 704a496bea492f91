import type { ResourceVector } from '../../contracts/pool/teams.ts';
import type { DecayedUsage } from '../state.ts';
import { addScaled, noResources } from './resourceVector.ts';

/*
 * Past use is an exponentially weighted mean: the integral of what was held, halved in weight every
 * half-life, divided by the integral of the weights. A team that has always held x has a mean of x,
 * whatever the half-life, so that it compares with what is held now.
 */

/** Part of its weight that use keeps after `elapsedMs`. */
export function decayFactor(elapsedMs: number, halfLifeMs: number): number {
  return elapsedMs <= 0 ? 1 : 2 ** (-elapsedMs / halfLifeMs);
}

export function decayedTo(
  usage: DecayedUsage | undefined,
  now: number,
  halfLifeMs: number,
): ResourceVector {
  if (!usage) return noResources;
  return addScaled(noResources, usage.vector, decayFactor(now - usage.at, halfLifeMs));
}

/** What holding `vector` from `since` until now adds to the mean. */
export function meanOfHolding(
  vector: ResourceVector,
  since: number,
  now: number,
  halfLifeMs: number,
): ResourceVector {
  return addScaled(noResources, vector, 1 - decayFactor(now - since, halfLifeMs));
}

/** A mean in hours of use: how long the same would have to be held to have left it. */
export function meanInHours(mean: number, halfLifeMs: number): number {
  return (mean * halfLifeMs) / Math.LN2 / 3_600_000;
}

/** Teams whose past use is remembered: without a teams file, anybody may name new ones for ever. */
const mostTeams = 1_000;

/** Forgets, when there are too many, the teams that have the least left of what they used. */
export function withoutFaded(
  usage: Record<string, DecayedUsage>,
  now: number,
  halfLifeMs: number,
): Record<string, DecayedUsage> {
  const entries = Object.entries(usage);
  if (entries.length <= mostTeams) return usage;
  return Object.fromEntries(
    entries
      .map((entry) => ({ entry, left: decayedTo(entry[1], now, halfLifeMs).milli }))
      .sort((a, b) => b.left - a.left || b.entry[1].at - a.entry[1].at)
      // Some more than it has to be, as it is not worth doing for each lease.
      .slice(0, mostTeams * 0.8)
      .map(({ entry }) => entry),
  );
}
