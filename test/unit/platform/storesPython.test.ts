import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findStoresPython } from '../../../activities/platform/storesPython.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const root = temporaryFolder('stores-python');
mkdirSync(join(root, '.setup'));
const record = (text: string) => writeFileSync(join(root, '.setup', 'stores.json'), text);

test('takes what set-up recorded, or the interpreter that a person brings', () => {
  record(JSON.stringify({ python: process.execPath, environment: '/x', lock: 'y' }));
  expect(findStoresPython({}, root)).toBe(process.execPath);
  expect(findStoresPython({ BERTH_STORES_PYTHON: '/bin/sh' }, root)).toBe('/bin/sh');
});

test('says to run set-up when nothing is recorded, and when the environment is gone', () => {
  record('{"pyth');
  expect(() => findStoresPython({}, root)).toThrow(/not set up: run npm run setup/);
  record(JSON.stringify({ python: join(root, 'no-such-python') }));
  expect(() => findStoresPython({}, root)).toThrow(/gone \(.*no-such-python\): run npm run setup/);
});
