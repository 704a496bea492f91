import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { locatePython } from '../../../activities/platform/python.ts';

describe('locatePython', () => {
  let root: string;
  const script = 'native/bridge/check_environment.py';

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'berth-python-'));
    mkdirSync(join(root, '.setup'));
    mkdirSync(join(root, 'native/bridge'), { recursive: true });
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const record = (fields: object) =>
    writeFileSync(
      join(root, '.setup/python.json'),
      JSON.stringify({ temporal: null, model: null, given: null, ...fields }),
    );

  /** An interpreter that only says where it is, so that the test sees whether it was asked. */
  const interpreter = (name: string, answer: object | number) => {
    const path = join(root, name);
    const body = typeof answer === 'number' ? `exit ${answer}` : `echo '${JSON.stringify(answer)}'`;
    writeFileSync(path, `#!/bin/sh\n[ "$1" = "${join(root, script)}" ] || exit 9\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  test('takes what set-up recorded', () => {
    record({ python: process.execPath, temporal: '/x/temporal', model: '/x/model' });
    const found = locatePython({ root, given: undefined });
    expect(found).toMatchObject({ python: process.execPath, temporal: '/x/temporal' });
  });

  test('asks the interpreter of BERTH_PYTHON when the record is of another', () => {
    record({ python: process.execPath });
    const given = interpreter('brought', { python: '/its/own', temporal: null, model: '/its/m' });
    expect(locatePython({ root, given })).toEqual({
      python: '/its/own',
      temporal: null,
      model: '/its/m',
    });
  });

  test('does not ask an interpreter that set-up has recorded', () => {
    const given = interpreter('brought', 1);
    record({ python: given, given, model: '/recorded' });
    expect(locatePython({ root, given }).model).toBe('/recorded');
  });

  test('says to run set-up when nothing is recorded, and when the environment is gone', () => {
    expect(() => locatePython({ root, given: undefined })).toThrow(/npm run setup/);
    record({ python: join(root, 'no-such-python') });
    expect(() => locatePython({ root, given: undefined })).toThrow(/no-such-python is gone/);
  });

  test('takes a damaged record for none', () => {
    for (const damaged of ['{"python": 3}', '{"pyth']) {
      writeFileSync(join(root, '.setup/python.json'), damaged);
      expect(() => locatePython({ root, given: undefined })).toThrow(/npm run setup/);
    }
  });

  test('names BERTH_PYTHON when it does not run, in one line', () => {
    const given = interpreter('broken', 3);
    expect(() => locatePython({ root, given })).toThrow(
      /^BERTH_PYTHON=\S+broken does not run: .+$/,
    );
  });
});

test('packageRoot finds the folder of the package from a nested file', () => {
  const root = packageRoot(import.meta.url);
  expect(import.meta.url).toBe(`file://${root}/test/unit/platform/python.test.ts`);
});
