/** At most `most` of them, evenly: neighbours become one larger partition. */
export function thinBorders<T extends { records: number }>(borders: T[], most: number): T[] {
  const each = Math.ceil(borders.length / Math.max(1, most));
  if (each <= 1) return borders;
  return borders.flatMap((border, index) =>
    index % each === 0 ? [{ ...border, records: sumOf(borders.slice(index, index + each)) }] : [],
  );
}

const sumOf = (borders: { records: number }[]): number =>
  borders.reduce((sum, { records }) => sum + records, 0);
