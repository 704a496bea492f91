import type { ResourceVector } from '../../contracts/pool/teams.ts';

export const resourceNames = ['milli', 'memoryMib', 'cpuMilli', 'hostMemoryMib'] as const;

export const noResources: ResourceVector = {
  milli: 0,
  memoryMib: 0,
  cpuMilli: 0,
  hostMemoryMib: 0,
};

/** `a + factor · b`. */
export function addScaled(a: ResourceVector, b: ResourceVector, factor = 1): ResourceVector {
  return {
    milli: a.milli + factor * b.milli,
    memoryMib: a.memoryMib + factor * b.memoryMib,
    cpuMilli: a.cpuMilli + factor * b.cpuMilli,
    hostMemoryMib: a.hostMemoryMib + factor * b.hostMemoryMib,
  };
}

/**
 * The largest part of any one resource that `use` takes of `capacity` (Ghodsi et al., Dominant
 * Resource Fairness, NSDI 2011); 0 to 1 in a pool that is not over capacity.
 */
export function dominantShare(use: ResourceVector, capacity: ResourceVector): number {
  return Math.max(
    part(use.milli, capacity.milli),
    part(use.memoryMib, capacity.memoryMib),
    part(use.cpuMilli, capacity.cpuMilli),
    part(use.hostMemoryMib, capacity.hostMemoryMib),
  );
}

function part(used: number, of: number): number {
  return of > 0 ? used / of : 0;
}
