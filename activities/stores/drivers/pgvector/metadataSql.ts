import { escapeLiteral } from 'pg';

// What filters compare and payload indexes hold: a search finds an index only by the same expression.

/** Longest start of a text that is indexed; in UTF-8 at most 800 of the 2,704 bytes of a B-tree key. */
export const textStartLength = 200;

/** JSON value of a field, in the order that Postgres defines; of one type, or NULL. */
export function metadataValue(field: string, type?: 'number' | 'boolean'): string {
  const value = `metadata->${escapeLiteral(field)}`;
  return type === undefined ? value : onlyOf(field, type, value);
}

/** Start of a text; NULL where the field holds none. To be compared by code points: COLLATE "C". */
export const textStart = (field: string): string =>
  onlyOf(field, 'string', `left(metadata->>${escapeLiteral(field)}, ${textStartLength})`);

const onlyOf = (field: string, type: string, value: string): string =>
  `CASE WHEN jsonb_typeof(metadata->${escapeLiteral(field)}) = '${type}' THEN ${value} END`;
