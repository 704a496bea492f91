import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed after the tests of the file. */
export function temporaryFolder(name: string): string {
  const path = mkdtempSync(join(tmpdir(), `berth-${name}-`));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
