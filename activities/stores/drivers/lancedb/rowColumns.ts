import type { Field, Schema } from 'apache-arrow';
import type { PayloadIndexType } from '../../../../workflows/contracts/backfill/request.ts';
import type { PlainMetadata, PlainValue } from '../../shared/payload.ts';
import { arrow } from './arrow.ts';

const { Bool, Field: ArrowField, FixedSizeList, Float32, Float64, Int32, Utf8 } = arrow;

/** Key of the schema's metadata under which the collection's spec is kept. */
export const specKey = 'berth';

/** Text that comes back as it was; filters look at the columns of its fields. */
export const metadataColumn = 'berth_metadata';

/** Without it, two processes that insert the same new id at the same time both succeed. */
const primaryKey = new Map([['lance-schema:unenforced-primary-key', 'true']]);

export type ColumnType = 'text' | 'number' | 'flag';

const types = { text: () => new Utf8(), number: () => new Float64(), flag: () => new Bool() };

export const typeOf = (value: PlainValue): ColumnType =>
  typeof value === 'string' ? 'text' : typeof value === 'number' ? 'number' : 'flag';

export const indexedType = (type: PayloadIndexType): ColumnType =>
  type === 'integer' || type === 'float' ? 'number' : type === 'boolean' ? 'flag' : 'text';

/**
 * Column of a metadata field for one type of value, so that a field may hold several. Lance splits
 * names at dots and refuses some signs: all but letters, digits and `-` are written as `_<hex>_`.
 */
export function columnName(field: string, type: ColumnType): string {
  const safe = field.replace(/[^A-Za-z0-9-]/gu, (sign) => `_${sign.codePointAt(0)?.toString(16)}_`);
  return `${type}_${safe}`;
}

export const metadataField = (name: string): Field => {
  const type = name.slice(0, name.indexOf('_')) as ColumnType;
  return new ArrowField(name, types[type](), true);
};

/** Columns that the scalars of a record's metadata fill. */
export function filterColumns(metadata: PlainMetadata): Record<string, PlainValue> {
  const columns: Record<string, PlainValue> = {};
  for (const [field, value] of Object.entries(metadata)) {
    if (!Array.isArray(value)) columns[columnName(field, typeOf(value))] = value;
  }
  return columns;
}

/** The table of a new collection. */
export function tableSchema(dimensions: number, spec: string, columns: readonly string[]): Schema {
  return new arrow.Schema(
    [
      new ArrowField('id', new Utf8(), false, primaryKey),
      new ArrowField(
        'vector',
        new FixedSizeList(dimensions, new ArrowField('item', new Float32(), true)),
        false,
      ),
      new ArrowField('berth_text', new Utf8(), false),
      new ArrowField('berth_source', new Utf8(), false),
      new ArrowField('berth_record', new Utf8(), false),
      new ArrowField('berth_chunk', new Int32(), false),
      new ArrowField('berth_chunks', new Int32(), false),
      new ArrowField('berth_digest', new Utf8(), false),
      new ArrowField(metadataColumn, new Utf8(), false),
      ...columns.map(metadataField),
    ],
    new Map([[specKey, spec]]),
  );
}
