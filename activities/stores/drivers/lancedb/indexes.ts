import { Index, type Table } from '@lancedb/lancedb';
import type { CollectionLayout } from '../../../../workflows/contracts/backfill/request.ts';
import type { CollectionSpec } from '../../vectorStore.ts';
import { columnName, indexedType } from './rowColumns.ts';

/** Reading all of fewer vectors takes milliseconds, and finds them all. */
export const indexFromRows = 50_000;

/** Old versions stay this long for whoever still reads them, ms. */
const keepVersionsMs = 10 * 60_000;

/** Columns that a collection's layout has filters on. */
export const layoutColumns = ({ payloadIndexes, tenantField }: CollectionLayout): string[] => [
  ...new Set([
    ...payloadIndexes.map(({ field, type }) => columnName(field, indexedType(type))),
    ...(tenantField === null ? [] : [columnName(tenantField, 'text')]),
  ]),
];

async function indexed(table: Table): Promise<Set<string>> {
  const indices = await table.listIndices();
  return new Set(indices.flatMap(({ columns }) => columns));
}

/** Index of a metadata column: few different values in a flag, an order in the others. */
export async function indexColumn(table: Table, column: string): Promise<void> {
  if ((await indexed(table)).has(column)) return;
  const config = column.startsWith('flag_') ? Index.bitmap() : Index.btree();
  await table.createIndex(column, { config });
}

/** Everything but the vectors' index; each is kept up to date by `compact`. */
export async function createScalarIndexes(table: Table, { layout }: CollectionSpec): Promise<void> {
  for (const column of ['id', ...layoutColumns(layout)]) await indexColumn(table, column);
  if (layout.fullText && !(await indexed(table)).has('berth_text')) {
    // Words as they are: stemming and stop words are one language's.
    const config = Index.fts({ stem: false, removeStopWords: false, asciiFolding: true });
    await table.createIndex('berth_text', { config });
  }
}

/** Joins the fragments of many writes and brings the indexes up to date. */
export async function compact(table: Table): Promise<void> {
  await table.optimize({ cleanupOlderThan: new Date(Date.now() - keepVersionsMs) });
}

/** @param fromRows least rows for which an index is built */
export async function buildVectorIndex(
  table: Table,
  { layout }: CollectionSpec,
  fromRows: number,
): Promise<void> {
  if ((await indexed(table)).has('vector')) return;
  if ((await table.countRows()) < fromRows) return;
  const distanceType = 'cosine' as const;
  const config =
    layout.quantization === 'scalar'
      ? Index.hnswSq({ distanceType, efConstruction: 200 })
      : layout.quantization === 'binary'
        ? Index.ivfRq({ distanceType })
        : Index.ivfFlat({ distanceType });
  await table.createIndex('vector', { config });
}
