import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';

/** Policies of FGD's experiment, in its order. */
export const publishedPolicies = [
  'random',
  'dotprod',
  'clustering',
  'packing',
  'bestfit',
  'fgd',
] as const satisfies readonly PolicyName[];

type ByArrival = Partial<Record<number, number>>;

/**
 * Allocation, %, by arrived demand, %: means of seeds 42 to 51 (Weng et al., "Beware of
 * Fragmentation", USENIX ATC'23, and the results in its repository).
 */
const allocation: Record<string, Partial<Record<PolicyName, ByArrival>>> = {
  default: {
    random: { 95: 85.72, 100: 86.3, 130: 87.47 },
    dotprod: { 95: 90.58, 100: 90.62, 130: 90.85 },
    clustering: { 95: 91.61, 100: 91.65, 130: 91.88 },
    packing: { 95: 91.74, 100: 91.78, 130: 92.0 },
    bestfit: { 95: 92.82, 100: 92.86, 130: 93.08 },
    fgd: { 95: 94.91, 100: 95.23, 130: 95.39 },
  },
  multigpu30: {
    random: { 100: 86.63, 130: 89.27 },
    dotprod: { 100: 93.11, 130: 93.28 },
    clustering: { 100: 94.55, 130: 94.72 },
    packing: { 100: 94.7, 130: 94.87 },
    bestfit: { 100: 94.57, 130: 94.72 },
    fgd: { 100: 96.36, 130: 96.46 },
  },
  gpushare60: {
    random: { 100: 82.81, 130: 83.65 },
    dotprod: { 100: 86.82, 130: 87.11 },
    clustering: { 100: 86.9, 130: 87.2 },
    packing: { 100: 87.15, 130: 87.45 },
    bestfit: { 100: 89.06, 130: 89.36 },
    fgd: { 100: 91.25, 130: 91.4 },
  },
};

/** Fragmentation of the cluster, % of its GPUs, on the default trace; from the same source. */
const fragmentation: Partial<Record<PolicyName, ByArrival>> = {
  random: { 40: 14.93, 80: 15.92, 100: 13.49, 130: 12.43 },
  dotprod: { 40: 12.8, 80: 10.09, 100: 9.3, 130: 9.08 },
  clustering: { 40: 13.0, 80: 9.36, 100: 8.21, 130: 8.0 },
  packing: { 40: 12.92, 80: 9.28, 100: 8.13, 130: 7.91 },
  bestfit: { 40: 11.68, 80: 8.29, 100: 7.05, 130: 6.85 },
  fgd: { 40: 9.91, 80: 5.97, 100: 4.73, 130: 4.57 },
};

export const publishedAllocation = (
  trace: string,
  policy: PolicyName,
  arrival: number,
): number | undefined => allocation[trace]?.[policy]?.[arrival];

export const publishedFragmentation = (
  trace: string,
  policy: PolicyName,
  arrival: number,
): number | undefined => (trace === 'default' ? fragmentation[policy]?.[arrival] : undefined);

/** How far a mean of ours may lie from a published one: two means of ten seeds differ by chance. */
export const tolerance = (sd: number | null): number =>
  Math.max(0.3, 3 * (sd ?? 0) * Math.sqrt(0.2));
