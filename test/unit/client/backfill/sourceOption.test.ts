import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkBackfillOptions } from '../../../../workers/client/backfill/backfillOptions.ts';
import { resolveSource } from '../../../../workers/client/backfill/sourceOption.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const folder = temporaryFolder('source-option');

async function resolved(day: string, sourceName?: string) {
  const source = join(folder, day, 'docs.jsonl');
  mkdirSync(join(folder, day), { recursive: true });
  writeFileSync(source, '');
  const given = sourceName === undefined ? {} : { sourceName };
  const least = { source, collection: 'docs', stores: ['chroma'], model: 'minilm' };
  return resolveSource(checkBackfillOptions({ ...least, ...given }), []);
}

test('a corpus in another folder each day keeps its name, which says that nobody has chosen it', async () => {
  expect(await resolved('2026-11-23')).toMatchObject({ name: 'docs', nameIsDefault: true });
  expect(await resolved('2026-11-24')).toMatchObject({ name: 'docs', nameIsDefault: true });
  const named = await resolved('2026-11-24', 'docs');
  expect(named.name).toBe('docs');
  expect(named).not.toHaveProperty('nameIsDefault');
});
