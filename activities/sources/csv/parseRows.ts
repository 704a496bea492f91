import { parse } from 'csv-parse/sync';

/**
 * The fields of rows whose borders are known, by the library csv-parse; a quote inside an unquoted
 * field is a character like any other.
 * @param rows Without line ends
 * @returns undefined for what is not exactly one row
 */
export function parseRows(rows: string[], delimiter: string): (string[] | undefined)[] {
  const parsed = parseText(rows.join('\n'), delimiter);
  if (parsed?.length === rows.length) return parsed;
  return rows.map((row) => {
    const alone = parseText(row, delimiter);
    return alone?.length === 1 ? alone[0] : undefined;
  });
}

function parseText(text: string, delimiter: string): string[][] | undefined {
  try {
    return parse(text, {
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      relax_quotes: true,
    });
  } catch {
    return undefined;
  }
}
