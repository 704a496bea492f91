import type { IndexNode, PlacementOptions } from '../placementIndex.ts';
import { bestFit } from './bestFit.ts';
import { clustering } from './clustering.ts';
import { dotProduct } from './dotProduct.ts';
import { createFgd } from './fgd.ts';
import { createFragmentation } from './fragmentation.ts';
import { packing } from './packing.ts';
import type { Policy } from './policy.ts';
import { createRandomPolicy } from './random.ts';
import { createSpp } from './spp.ts';
import { fillParameters, livingParameters, type SppParameters } from './sppParameters.ts';
import { sppPrices } from './sppPrices.ts';
import { typicalWorkload } from './typicalWorkload.ts';

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

/** The policy for these nodes and that workload. spp-lp is spp-cf with `parameters.prices`. */
export function createPolicy(nodes: readonly IndexNode[], options: PlacementOptions): Policy {
  switch (options.policy) {
    case 'random':
      return createRandomPolicy(options.seed ?? 0);
    case 'dotprod':
      return dotProduct;
    case 'clustering':
      return clustering;
    case 'packing':
      return packing;
    case 'bestfit':
      return bestFit;
    case 'fgd':
    case 'fgd-used-first': {
      const workload = typicalWorkload(options.typical);
      return createFgd(createFragmentation(workload), options.policy === 'fgd-used-first');
    }
    default:
      return shadowPrices(nodes, options);
  }
}

/** The values that a policy works with: what a pool shows, and lets be set. */
export function sppParametersOf(
  policy: PolicyName,
  parameters: Partial<SppParameters> = {},
): SppParameters {
  return { ...(policy === 'spp-k' ? livingParameters : fillParameters), ...parameters };
}

function shadowPrices(nodes: readonly IndexNode[], options: PlacementOptions): Policy {
  const parameters = sppParametersOf(options.policy, options.parameters);
  const workload = typicalWorkload(options.typical);
  const shapes = [...new Map(nodes.map(({ shape }) => [shape.id, shape])).values()];
  const counts = shapes.map(() => 0);
  for (const { shape } of nodes) counts[shape.id]! += 1;
  const prices = sppPrices(shapes, counts, workload, options.typical, parameters);
  return createSpp(prices, createFragmentation(workload), parameters);
}
