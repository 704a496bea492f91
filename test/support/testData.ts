import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * A folder of the shared test data (`BERTH_TEST_DATA`, default `../shared/data`), or undefined where
 * it is absent; throws instead when CI is set, because a run there must not leave tests out.
 */
export function testData(folder: string): string | undefined {
  const path = join(resolve(project, process.env.BERTH_TEST_DATA ?? '../shared/data'), folder);
  if (existsSync(path)) return path;
  if (process.env.CI) throw new Error(`test data ${path} is missing: set BERTH_TEST_DATA`);
  return undefined;
}

/** What a test that needs the data says when it is skipped. */
export function dataMissing(folder: string, source: string): string {
  return `${folder} is not in BERTH_TEST_DATA (default ../shared/data): get it from ${source}`;
}
