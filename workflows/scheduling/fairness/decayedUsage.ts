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
