import { createHash } from 'node:crypto';
import { canonicalJson } from '../../activities/artifacts/signing/canonicalJson.ts';
import type { IngestInput } from '../../workflows/contracts/ingest.ts';

/**
 * Names a request: SHA-256 of its canonical JSON (RFC 8785), so that the order of members does not
 * matter and a changed source, through its listing, is another request.
 * @returns 64 lower-case hex digits.
 */
export function hashIngestInput(input: IngestInput): string {
  return createHash('sha256').update(canonicalJson(input)).digest('hex');
}
