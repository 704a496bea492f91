import { mkdir } from 'node:fs/promises';
import type { EmbedQueriesInput } from '../../workflows/contracts/backfill/activities.ts';
import { keepQueryVectors, readKnownItems } from '../backfill/knownItems.ts';
import type { Paths } from '../platform/paths.ts';
import type { EmbedQueryTexts } from './embedQuery.ts';

/**
 * Embeds the known items of a job for its verification. Idempotent.
 * @throws BerthError InvalidRequest for a malformed file, and as `createEmbedQuery`
 */
export async function embedQueries(
  { paths, embed }: { paths: Paths; embed: EmbedQueryTexts },
  { jobId, request, embedding, artifact }: EmbedQueriesInput,
  signal?: AbortSignal,
): Promise<{ queries: number }> {
  const { knownItems } = request.verification;
  if (knownItems === null) return { queries: 0 };
  const items = await readKnownItems(knownItems);
  const vectors = await embed(
    { embedding, artifact, embedder: request.embedder },
    items.map(({ query }) => query),
    signal,
  );
  await mkdir(paths.backfill(jobId).root, { recursive: true, mode: 0o700 });
  await keepQueryVectors(
    paths,
    jobId,
    items.map((item, index) => ({ ...item, vector: vectors[index]! })),
  );
  return { queries: items.length };
}
