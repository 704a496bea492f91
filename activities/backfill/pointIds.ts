import { v5 } from 'uuid';
import { berthError } from '../../workflows/contracts/errors.ts';

/** Berth's own namespace for UUIDv5 (RFC 9562, section 5.5). Never changes: ids in stores hang on it. */
const namespace = '6f1c3f0e-52d5-4f0a-9b7e-3d2a8c4e7b19';

/**
 * Id of one chunk: UUIDv5 of `source NUL record NUL chunk`, so that retries and later runs write the
 * same point again. No two triples share a name: the chunk is what follows the last NUL, the source
 * what precedes the first.
 * @throws BerthError InvalidRequest when the source's name holds a NUL
 */
export function pointId(sourceName: string, recordId: string, chunk: number): string {
  if (sourceName.includes('\0')) {
    throw berthError(
      'InvalidRequest',
      'source name: holds a NUL character; expected plain text, give it another name',
    );
  }
  return v5(`${sourceName}\0${recordId}\0${chunk}`, namespace);
}

/** Ids of the chunks `from` (inclusive) to `to` (exclusive). */
export function pointIds(sourceName: string, recordId: string, from: number, to: number): string[] {
  const ids: string[] = [];
  for (let chunk = from; chunk < to; chunk++) ids.push(pointId(sourceName, recordId, chunk));
  return ids;
}
