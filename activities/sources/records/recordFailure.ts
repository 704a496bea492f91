import type { RecordFailureKind } from '../../../workflows/contracts/backfill/pages.ts';
import type { RecordFailure } from '../recordSource.ts';

const excerptLength = 2000;

/**
 * @param reason What was found and what was expected; becomes one line, as parsers quote what they
 *   stumbled over.
 */
export function recordFailure(
  kind: RecordFailureKind,
  place: string,
  reason: string,
  raw: string,
  id: string | null = null,
): RecordFailure {
  return {
    id,
    kind,
    reason: reason.replace(/\s+/g, ' ').slice(0, 500),
    place,
    excerpt: raw.slice(0, excerptLength).replace(/[\ud800-\udbff]$/, ''),
  };
}
