import type { Data, Field, FixedSizeList, Table, Vector } from 'apache-arrow';
import { arrow } from './arrow.ts';
import type { Row } from './rows.ts';

const { DataType, Float32, makeData, Table: ArrowTable, vectorFromArray } = arrow;

/**
 * Rows as a table of Arrow, by columns: the client makes one of rows value by value and takes longer
 * for it than for the write.
 * @param fields columns of the table that the rows are written to; only these are filled
 */
export function toTable(rows: readonly Row[], fields: readonly Field[]): Table {
  return new ArrowTable(Object.fromEntries(fields.map((field) => [field.name, fill(rows, field)])));
}

function fill(rows: readonly Row[], { name, type }: Field): Vector {
  const values = rows.map((row) => row[name] ?? null);
  if (DataType.isFixedSizeList(type)) return fillVectors(values as Float32Array[], type);
  return vectorFromArray(values, type);
}

/** @param vectors one a row, each of as many dimensions as the list has */
function fillVectors(vectors: readonly Float32Array[], type: FixedSizeList): Vector {
  const dimensions = type.listSize;
  const data = new Float32Array(vectors.length * dimensions);
  vectors.forEach((vector, row) => {
    data.set(vector, row * dimensions);
  });
  const child = makeData({ type: new Float32(), data, length: data.length, nullCount: 0 });
  const lists: Data = makeData({ type, length: vectors.length, nullCount: 0, child });
  return new arrow.Vector([lists]);
}
