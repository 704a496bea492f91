import type { SourceSpec } from '../../../workflows/contracts/backfill/source.ts';
import { resolveAllowed } from '../../platform/allowedPaths.ts';
import { createTextFile } from '../files/textFile.ts';
import { createTextFileSource } from '../files/textFileSource.ts';
import { createJsonlFormat, type JsonlOptions } from '../jsonl/jsonlFormat.ts';
import type { OpenSource, RecordSource, SourceDeps } from '../recordSource.ts';

const defaults: JsonlOptions = { lineLimit: 64 * 1024 * 1024 };

/** One JSON object a line, plain or gzip. */
export async function createJsonlSource(
  spec: SourceSpec,
  deps: SourceDeps,
  options: JsonlOptions = defaults,
): Promise<RecordSource> {
  const path = await resolveAllowed(spec.location, 'file', deps.allowed);
  return createTextFileSource('jsonl', createTextFile(path), createJsonlFormat(spec, options));
}

export const openJsonlSource: OpenSource = (spec, deps) => createJsonlSource(spec, deps);
