import { realpath, stat } from 'node:fs/promises';
import { allowedBy, outsideSources } from '../../../activities/platform/allowedPaths.ts';
import { parseSourceSpec } from '../../../activities/sources/sourceSpecSchema.ts';
import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { CheckedBackfillOptions } from './backfillOptions.ts';

/**
 * Looks at the place that the options name; what is in it is read by the job.
 * @param sources BERTH_SOURCES; empty allows any folder.
 * @throws BerthError InvalidRequest, SourceNotAllowed
 */
export async function resolveSource(
  options: CheckedBackfillOptions,
  sources: readonly string[],
): Promise<SourceSpec> {
  const parsed = parseSourceSpec(
    {
      location: options.source,
      name: options.sourceName,
      columns: {
        id: options.idColumn,
        text: options.textColumns,
        metadata: options.metadataColumns,
      },
      query: options.query,
      changedColumn: options.changedColumn,
    },
    process.cwd(),
  );
  const spec: SourceSpec =
    options.sourceName === undefined ? { ...parsed, nameIsDefault: true } : parsed;
  if (spec.kind === 'postgres' || spec.kind === 'synthetic') return spec;
  const found = await stat(spec.location).catch((error: NodeJS.ErrnoException) => {
    throw berthError('SourceNotAllowed', `${spec.location}: cannot be read (${error.code})`);
  });
  if ((spec.kind === 'folder') !== found.isDirectory()) {
    const wanted =
      spec.kind === 'folder'
        ? 'a folder, or a file named .jsonl, .csv, .tsv or .parquet'
        : 'a file';
    throw berthError('InvalidRequest', `source ${spec.location}: expected ${wanted}`);
  }
  const real = await realpath(spec.location);
  if (!(await allowedBy(sources))(real)) throw outsideSources(real, sources);
  return spec;
}
