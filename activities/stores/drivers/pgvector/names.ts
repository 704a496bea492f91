import { createHash } from 'node:crypto';
import { escapeIdentifier } from 'pg';

/**
 * Schema `berth` is what people read: a view for each collection, which is its alias, beside Berth's
 * register, whose names no collection can have. Tables lie apart, as physical names may be the same
 * as another collection's.
 */
export const collectionsTable = 'berth._collections';
export const aliasesTable = 'berth._aliases';
export const dataSchema = 'berth_data';

export const tableOf = (physical: string): string => `${dataSchema}.${escapeIdentifier(physical)}`;
export const viewOf = (collection: string): string => `berth.${escapeIdentifier(collection)}`;

/** Unquoted, of at most 63 characters as Postgres cuts longer ones; the same for the same purpose. */
export function indexName(physical: string, purpose: string): string {
  const hash = createHash('sha256').update(`${physical}\0${purpose}`).digest('hex').slice(0, 16);
  return `${physical.slice(0, 40)}_${hash}`;
}
