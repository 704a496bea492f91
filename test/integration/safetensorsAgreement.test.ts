import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headerLength, parseHeader } from '../../activities/ingest/safetensors/header.ts';
import { findPython } from '../../activities/platform/python.ts';
import { mutatedSafetensors } from '../support/mutateSafetensors.ts';
import { brokenRules } from '../support/safetensorsOracle.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';

const judge = `
import json, pathlib, sys
from safetensors import safe_open
verdicts = []
for path in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    try:
        with safe_open(path, framework="numpy") as file:
            verdicts.append({"keys": sorted(file.keys())})
    except Exception as error:
        verdicts.append({"error": str(error)})
json.dump(verdicts, sys.stdout)
`;

/** Rules that we keep and the library (serde) does not. */
const stricter =
  /does not begin with "\{"|duplicate key|unknown key|"__proto__" is refused|more than 64 dimensions|above 2\^53|"__metadata__": .*expected an object/;

const folder = temporaryFolder('agreement');

test('the safetensors library accepts whatever we accept; we refuse more only by rules of ours', () => {
  const files = fc.sample(mutatedSafetensors, { numRuns: 1500, seed: 20260 });
  mkdirSync(join(folder, 'files'));
  for (const [index, file] of files.entries()) {
    writeFileSync(join(folder, 'files', String(index).padStart(5, '0')), file);
  }
  const output = execFileSync(findPython(), ['-c', judge, join(folder, 'files')], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const verdicts = JSON.parse(output) as { keys?: string[]; error?: string }[];
  expect(verdicts).toHaveLength(files.length);
  const count = { both: 0, neither: 0, onlyLibrary: 0 };
  for (const [index, file] of files.entries()) {
    const verdict = verdicts[index] ?? {};
    const ours = read(file);
    if (ours.keys !== undefined) {
      expect(verdict, JSON.stringify(file.toString('latin1'))).toEqual({ keys: ours.keys });
      count.both += 1;
    } else if (verdict.keys === undefined) {
      count.neither += 1;
    } else {
      // Of two equal keys the library keeps the last one, and never sees what is wrong in the first.
      if (!brokenRules(file).includes('no duplicate keys')) {
        expect(ours.error, JSON.stringify(file.toString('latin1'))).toMatch(stricter);
      }
      count.onlyLibrary += 1;
    }
  }
  expect(count.both).toBeGreaterThan(100);
  expect(count.neither).toBeGreaterThan(300);
  expect(count.onlyLibrary).toBeGreaterThan(5);
});

function read(file: Buffer): { keys?: string[]; error?: string } {
  try {
    const length = headerLength(file.subarray(0, 8), file.length, 'f');
    const { tensors } = parseHeader(file.subarray(8, 8 + length), file.length, 'f');
    return { keys: tensors.map(({ name }) => name).sort(byCodePoint) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** As Python sorts, by code points. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
