export interface Demand {
  weight: number;
  /** Devices asked for, held ones included. */
  devices: number;
}

/**
 * Weighted max-min shares of `capacity`: nobody gets more than it asks for, and nobody could get more
 * without someone with less by weight getting less (progressive filling; with one resource that
 * dominates for everybody this is weighted DRF).
 */
export function idealShares(demands: readonly Demand[], capacity: number): number[] {
  const shares = demands.map(() => 0);
  let open = demands.map((_, at) => at).filter((at) => demands[at]!.devices > 0);
  let left = capacity;
  while (open.length > 0 && left > 1e-9) {
    const weights = open.reduce((sum, at) => sum + demands[at]!.weight, 0);
    const level = left / weights;
    const full = open.filter(
      (at) => demands[at]!.devices - shares[at]! <= level * demands[at]!.weight,
    );
    const filled = full.length > 0 ? full : open;
    for (const at of filled) {
      const more =
        full.length > 0 ? demands[at]!.devices - shares[at]! : level * demands[at]!.weight;
      shares[at] = shares[at]! + more;
      left -= more;
    }
    if (full.length === 0) break;
    open = open.filter((at) => !full.includes(at));
  }
  return shares;
}
