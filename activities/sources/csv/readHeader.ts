import type { FileHandle } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { TextPosition } from '../files/textFormat.ts';
import { parseRows } from './parseRows.ts';
import { type SplitOptions, splitRows } from './splitRows.ts';

const byteOrderMark = Buffer.from('\ufeff');
const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The first row: names of columns, white space around them and a byte order mark taken away.
 * @throws BerthError InvalidRequest when there is none, or two columns have one name
 */
export async function readHeader(
  file: FileHandle,
  location: string,
  to: number,
  delimiter: string,
  options: SplitOptions,
): Promise<{ header: string[]; next: TextPosition }> {
  const mark = Buffer.alloc(3);
  await file.read(mark, 0, mark.length, 0);
  // A quote behind it opens a field as it does at the beginning.
  const at = mark.equals(byteOrderMark) ? mark.length : 0;
  const rows = splitRows(file, { at, line: 1 }, to, { ...options, chunkBytes: 64 * 1024 });
  const { value } = await rows.next();
  await rows.return(undefined);
  if (value === undefined || value.problem !== null) {
    throw berthError('InvalidRequest', `${location}: begins with no row that names its columns`);
  }
  let text: string;
  try {
    text = utf8.decode(value.bytes);
  } catch {
    throw berthError('InvalidRequest', `${location}: its first row is no UTF-8; convert the file`);
  }
  const header = (parseRows([text], delimiter)[0] ?? []).map((name) => name.trim());
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index);
  if (twice !== undefined) {
    throw berthError('InvalidRequest', `${location}: two columns are called ${twice}; rename one`);
  }
  return { header, next: value.next };
}
