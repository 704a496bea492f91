/** Money per device and hour, by a part of a device model's name. */
export interface Prices {
  prices: Record<string, number>;
  /** ISO 4217. */
  currency: string;
}

/** The price of the longest name that is a part of the model's, in whatever case; null for none. */
export function priceOf({ prices }: Prices, model: string): number | null {
  const name = model.toLowerCase();
  const fitting = Object.entries(prices)
    .filter(([part]) => name.includes(part.toLowerCase()))
    .sort(([a], [b]) => b.length - a.length || (a < b ? -1 : 1));
  return fitting[0]?.[1] ?? null;
}
