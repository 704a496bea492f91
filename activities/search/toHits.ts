import type { SearchHit } from '../../workflows/contracts/backfill/activities.ts';
import type { StoreHit } from '../stores/vectorStore.ts';

/** Longest text of a hit that travels through Temporal, characters. */
const maxHitText = 4_000;
/** Of an answer's metadata as JSON: all of it is one payload, of which Temporal takes 2 MiB. */
const maxMetadataBytes = 512 * 1024;

/** What travels of hits, best first; metadata that would not fit is left out, and said to be. */
export function toHits(hits: readonly StoreHit[]): SearchHit[] {
  let left = maxMetadataBytes;
  return hits.map(({ point: { recordId, chunk, text, metadata }, score }) => {
    const hit = { recordId, chunk, score, text: text.slice(0, maxHitText) };
    const bytes = Buffer.byteLength(JSON.stringify(metadata), 'utf8');
    if (bytes > left) return { ...hit, metadata: {}, metadataLeftOut: true };
    left -= bytes;
    return { ...hit, metadata };
  });
}
