import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { resolveAllowed } from '../../platform/allowedPaths.ts';
import { createCsvFormat } from '../csv/csvFormat.ts';
import { createTextFile } from '../files/textFile.ts';
import { createTextFileSource } from '../files/textFileSource.ts';
import type { OpenSource, RecordSource, SourceDeps } from '../recordSource.ts';

const rowLimit = 64 * 1024 * 1024;

/** A table with a first row that names its columns: commas, or tabs in a `.tsv`; plain or gzip. */
export async function createCsvSource(
  spec: SourceSpec,
  deps: SourceDeps,
  options = { rowLimit },
): Promise<RecordSource> {
  const path = await resolveAllowed(spec.location, 'file', deps.allowed);
  const delimiter = /\.tsv(\.gz)?$/i.test(path) ? '\t' : ',';
  const format = createCsvFormat(spec, { delimiter, ...options });
  return createTextFileSource('csv', createTextFile(path), format);
}

export const openCsvSource: OpenSource = (spec, deps) => createCsvSource(spec, deps);
