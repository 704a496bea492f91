import type { PlacementNode, PlacementOptions } from '../placementIndex.ts';
import { bestFit } from './bestFit.ts';
import type { Policy } from './policy.ts';

export const policyNames = [
  'random',
  'dotprod',
  'clustering',
  'packing',
  'bestfit',
  'fgd',
  'fgd-used-first',
  'spp-cf',
  'spp-lp',
  'spp-k',
] as const;
export type PolicyName = (typeof policyNames)[number];

export function createPolicy(_nodes: readonly PlacementNode[], _options: PlacementOptions): Policy {
  return bestFit;
}
