/** What shadow-price packing is steered by; all worth is in GPU milli. */
export interface SppParameters {
  /** Of the GPU milli that the node's free CPU cannot feed. */
  cpuWeight: number;
  /** Of FGD's fragmentation of the node. */
  fragmentationWeight: number;
  /** Of whole idle devices staying together on one node. */
  slotWeight: number;
  /** Nodes with fewer devices have no slot term. */
  slotDevices: number;
  /** Of taking devices that few nodes can offer. */
  contentionWeight: number;
  /** Shares below have no price of their own, thousandths; relies on how frequent larger ones are. */
  priceFromMilli: number;
  /** Prices of share sizes, 0 to 1 by thousandths, as a linear program finds them; null: the closed form. */
  prices: Record<string, number> | null;
}

/** SPP-CF: for a cluster that only fills. */
export const fillParameters: SppParameters = {
  cpuWeight: 0.5,
  fragmentationWeight: 0.1,
  slotWeight: 0,
  slotDevices: 4,
  contentionWeight: 0.1,
  priceFromMilli: 200,
  prices: null,
};

/** SPP-K: for a pool that lives, where whole nodes are what is scarce. */
export const livingParameters: SppParameters = {
  ...fillParameters,
  fragmentationWeight: 0.5,
  slotWeight: 0.3,
  contentionWeight: 1,
};
