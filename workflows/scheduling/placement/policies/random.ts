import type { Policy } from './policy.ts';
import { createRandom } from './randomNumbers.ts';

/** Random as in FGD's experiment: any feasible node, and any GPU of it for a share. */
export function createRandomPolicy(seed: number): Policy {
  const random = createRandom(seed);
  return { share: 'any', pick: (count) => Math.floor(random() * count), score: () => 0 };
}
