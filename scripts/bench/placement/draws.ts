/** A copy in an order drawn with Fisher and Yates' shuffle. */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [copy[last], copy[other]] = [copy[other]!, copy[last]!];
  }
  return copy;
}

export const draw = <T>(items: readonly T[], random: () => number): T =>
  items[Math.floor(random() * items.length)]!;

export const exponential = (mean: number, random: () => number): number =>
  -mean * Math.log(1 - random());
