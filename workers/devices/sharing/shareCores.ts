/** Cores that sharers of one device have now, by leaseId. */
export type CoreAssignments = ReadonlyMap<string, readonly number[]>;

/**
 * Cores for a part of a device: as many as the part is worth, rounded up, and those that fewest
 * others have. Parts that add up to a whole overlap only as far as rounding up makes them; whole
 * shares get every core. Pure, and the same for the same input.
 * @param cores Of the device, ascending.
 * @param milli Thousandths of the device, 1 to 1000.
 * @returns ascending; empty only when the device has no cores.
 */
export function chooseCores(
  cores: readonly number[],
  milli: number,
  assigned: CoreAssignments,
): number[] {
  const count = Math.min(cores.length, Math.ceil((cores.length * milli) / 1000));
  const users = new Map(cores.map((core) => [core, 0]));
  for (const taken of assigned.values()) {
    for (const core of taken) {
      if (users.has(core)) users.set(core, users.get(core)! + 1);
    }
  }
  return [...cores]
    .sort((a, b) => users.get(a)! - users.get(b)! || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);
}
