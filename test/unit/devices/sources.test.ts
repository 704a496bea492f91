import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { folderForTest } from '../../support/modelFolder.ts';

/** Opens a file as inspected, then runs `disturb` before reading 8 bytes at offset 4. */
const program = `
import json, os, sys
from berth_bridge.failures import describe
from berth_bridge.sources import Sources
record, disturb = json.loads(sys.argv[1]), sys.argv[2]
try:
    with Sources({"files": [record]}) as sources:
        file = sources.file(record["path"])
        exec(disturb, {"os": os, "path": record["realPath"]})
        buffer = bytearray(8)
        file.read_into(memoryview(buffer), 4)
        sources.check()
        print(json.dumps(["read", buffer.decode()]))
except Exception as error:
    print(json.dumps(describe(error)))
`;

async function readAmid(disturb: string): Promise<[string, string]> {
  const path = join(await folderForTest(), 'a.safetensors');
  await writeFile(path, '0123456789abcdef');
  const { dev, ino, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  const identity = {
    dev: `${dev}`,
    ino: `${ino}`,
    size: 16,
    mtimeNs: `${mtimeNs}`,
    ctimeNs: `${ctimeNs}`,
  };
  const record = { path: 'a.safetensors', realPath: path, role: 'weights', sha256: '', identity };
  const env = { PYTHONPATH: join(packageRoot(), 'native', 'bridge') };
  const args = ['-c', program, JSON.stringify(record), disturb];
  return JSON.parse((await execa(findPython(), args, { env })).stdout);
}

test('reads a file that nobody touches', async () => {
  expect(await readAmid('pass')).toEqual(['read', '456789ab']);
});

test.each([
  ['truncated', 'os.truncate(path, 6)', /ends at byte 6/],
  ['appended to', 'open(path, "ab").write(b"x")', /not the file that was inspected/],
  ['written to at the same length', 'open(path, "r+b").write(b"XXXXXXXXXXXXXXXX")', /not the file/],
  [
    'replaced',
    'open(path + "2", "wb").write(b"0123456789abcdef"); os.replace(path + "2", path)',
    /not the file/,
  ],
  ['removed', 'os.unlink(path)', /No such file/],
])('a file that is %s while it is read is SourceChanged', async (_, disturb, message) => {
  const [type, text] = await readAmid(disturb);
  expect(type).toBe('SourceChanged');
  expect(text).toMatch(message);
  expect(text).toMatch(/^a\.safetensors: /);
});
