/** Weights of shadow-price packing, in GPU milli (placement policy of the living pool; see spp.ts). */
export interface SppParameters {
  /** Of the GPU milli that the node's CPU can no longer feed. */
  cpuWeight: number;
  /** Of FGD's fragmentation of the node. */
  fragmentationWeight: number;
  /** Of whole idle devices staying together on one node. */
  slotWeight: number;
  /** Of taking devices that few nodes can offer. */
  contentionWeight: number;
  /** Shares below so many milli have no price of their own. */
  priceFromMilli: number;
}
