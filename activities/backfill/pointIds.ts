import { parse, stringify, v5 } from 'uuid';
import { berthError } from '../../workflows/contracts/errors.ts';

/** Berth's own namespace for UUIDv5 (RFC 9562, section 5.5). Never changes: ids in stores hang on it. */
const namespace = parse('6f1c3f0e-52d5-4f0a-9b7e-3d2a8c4e7b19');

/**
 * Id of one chunk: UUIDv5 of `source NUL record NUL chunk`, so that retries and later runs write the
 * same point again. No two triples share a name: the chunk is what follows the last NUL, the source
 * what precedes the first.
 * @throws BerthError InvalidRequest when the source's name holds a NUL
 */
export function pointId(sourceName: string, recordId: string, chunk: number): string {
  return stringify(pointKey(sourceName, recordId, chunk));
}

/** The same id as its 16 bytes, of which the first 6 are hash. */
export function pointKey(sourceName: string, recordId: string, chunk: number): Buffer {
  if (sourceName.includes('\0')) {
    throw berthError(
      'InvalidRequest',
      'source name: holds a NUL character; expected plain text, give it another name',
    );
  }
  // The library's own conversion of texts is slow, and fails on halves of surrogate pairs.
  const name = Buffer.from(`${sourceName}\0${recordId}\0${chunk}`, 'utf8');
  return v5(name, namespace, Buffer.alloc(16));
}

/** Ids of the chunks `from` (inclusive) to `to` (exclusive). */
export function pointIds(sourceName: string, recordId: string, from: number, to: number): string[] {
  const ids: string[] = [];
  for (let chunk = from; chunk < to; chunk++) ids.push(pointId(sourceName, recordId, chunk));
  return ids;
}
