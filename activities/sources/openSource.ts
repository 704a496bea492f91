import type { SourceKind } from '../../workflows/contracts/backfill/source.ts';
import { openCsvSource } from './drivers/csvSource.ts';
import { openFolderSource } from './drivers/folderSource.ts';
import { openJsonlSource } from './drivers/jsonlSource.ts';
import { openParquetSource } from './drivers/parquetSource.ts';
import { openPostgresSource } from './drivers/postgresSource.ts';
import { openSyntheticSource } from './drivers/syntheticSource.ts';
import type { OpenSource } from './recordSource.ts';

const drivers: Record<SourceKind, OpenSource> = {
  csv: openCsvSource,
  folder: openFolderSource,
  jsonl: openJsonlSource,
  parquet: openParquetSource,
  postgres: openPostgresSource,
  synthetic: openSyntheticSource,
};

/** @throws BerthError SourceNotAllowed, InvalidRequest, CredentialsRefused */
export const openSource: OpenSource = async (spec, deps) => drivers[spec.kind](spec, deps);
