/** How the cells of a column stand. */
export type Alignment = 'left' | 'right';

/**
 * Lines of a table whose columns line up, two spaces apart; no trailing blanks.
 * @param alignments One for each column; default left.
 */
export function formatTable(
  header: string[],
  rows: string[][],
  alignments: Alignment[] = [],
): string {
  const all = [header, ...rows];
  const widths = header.map((_, column) =>
    Math.max(...all.map((row) => (row[column] ?? '').length)),
  );
  const format = (row: string[]) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? '';
        return alignments[column] === 'right' ? cell.padStart(width) : cell.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return all.map(format).join('\n');
}

/** Lines of `label  value`, values lined up. Entries without a value are left out. */
export function formatFields(fields: [label: string, value: string | undefined][]): string {
  const present = fields.filter((field): field is [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...present.map(([label]) => label.length));
  return present.map(([label, value]) => `${label.padEnd(width)}  ${value}`.trimEnd()).join('\n');
}
