/** Up to here as many equal shares as fit take the whole device: each is worth its part of it. */
const evenMilli = 500;

/**
 * Closed-form shadow prices of share sizes, 0 to 1: what part of a device's worth a share of that
 * size is. Small shares fit in anywhere and are free; middling ones cost their part of a device; one
 * of more than half costs the device less what the rest of it is still good for.
 */
export function closedFormPrices(
  sizes: readonly number[],
  priceFromMilli: number,
): Map<number, number> {
  const prices = new Map<number, number>();
  for (const size of sizes) {
    if (size <= evenMilli)
      prices.set(size, size < priceFromMilli ? 0 : 1 / Math.floor(1000 / size));
  }
  const rest = deviceValues(prices);
  for (const size of sizes) {
    if (size > evenMilli) prices.set(size, 1 - rest[1000 - size]! / 1000);
  }
  return prices;
}

/** V: worth of a device with 0 to 1000 milli free, the best filling with priced shares. */
export function deviceValues(prices: ReadonlyMap<number, number>): Float64Array {
  const sizes = [...prices].sort(([a], [b]) => a - b);
  const values = new Float64Array(1001);
  for (let room = 1; room <= 1000; room++) {
    let best = values[room - 1]!;
    for (const [size, price] of sizes) {
      if (size > room) break;
      best = Math.max(best, values[room - size]! + 1000 * price);
    }
    values[room] = best;
  }
  values[1000] = Math.max(1000, values[1000]!);
  return values;
}
