import type { SourceKind } from '../../workflows/contracts/backfill/source.ts';
import { openCsvSource } from './drivers/csvSource.ts';
import { openFolderSource } from './drivers/folderSource.ts';
import { openJsonlSource } from './drivers/jsonlSource.ts';
import { openPostgresSource } from './drivers/postgresSource.ts';
import { openSyntheticSource } from './drivers/syntheticSource.ts';
import type { OpenSource } from './recordSource.ts';

const drivers: Partial<Record<SourceKind, OpenSource>> = {
  csv: openCsvSource,
  folder: openFolderSource,
  jsonl: openJsonlSource,
  postgres: openPostgresSource,
  synthetic: openSyntheticSource,
};

/** @throws BerthError SourceNotAllowed, InvalidRequest, CredentialsRefused */
export const openSource: OpenSource = async (spec, deps) => {
  const open = drivers[spec.kind];
  if (open === undefined) throw new TypeError(`no source of kind ${spec.kind}`);
  return open(spec, deps);
};
