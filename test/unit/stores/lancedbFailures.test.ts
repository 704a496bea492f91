import { expect, test } from 'vitest';
import { lanceFailure } from '../../../activities/stores/drivers/lancedb/failures.ts';

const where = 'lancedb=/data/parsed';
const typeOf = (message: string, physical = 'schema-docs-v1') =>
  lanceFailure(new Error(message), where, physical).type;

test('a fault of the disk is no fault of the points, whatever the folder is called', () => {
  const path = '/data/parsed/schema-docs-v1.lance/data/7.lance';
  expect(typeOf(`lance error: LanceError(IO): Generic LocalFileSystem error: ${path}: EIO`)).toBe(
    'StoreUnavailable',
  );
});

test('points that do not fit the table are refused', () => {
  expect(typeOf('lance error: Invalid user input: vector has 3 dimensions, /src/a.rs:1')).toBe(
    'StoreRejected',
  );
  expect(typeOf('LanceError(Schema): fields do not match')).toBe('StoreRejected');
});

test('a folder that is called by the words of a failure is no failure of that kind', () => {
  const named = new Error(
    "lance error: LanceError(IO): '/data/Not found: no space left/x.lance': EIO",
  );
  expect(lanceFailure(named, 'lancedb=/data/Not found: no space left', 'x').type).toBe(
    'StoreUnavailable',
  );
  expect(typeOf("Table 'schema-docs-v1' was not found")).toBe('CollectionNotFound');
});
