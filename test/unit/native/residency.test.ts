import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  advise,
  lockFile,
  mappedInodes,
  openFile,
  residentBytes,
  sealFile,
} from '../../../native/addon/index.ts';
import { aad, key, writeRandom, writeSparse } from '../../support/nativeFiles.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

const folder = temporaryFolder('residency');
const file = (name: string) => join(folder, name);

it('counts the bytes that are in memory', async () => {
  writeRandom(file('whole'), 10_000);
  expect(await residentBytes(file('whole'))).toBe(10_000);
  writeSparse(file('sparse'), 2 ** 20);
  expect(await residentBytes(file('sparse'))).toBe(0);
  writeFileSync(file('empty'), '');
  expect(await residentBytes(file('empty'))).toBe(0);
  await expect(residentBytes(file('absent'))).rejects.toMatchObject({ code: 'ENOENT' });
});

it('counts what was opened into a tmpfs', async (context) => {
  const tmpfs = mountTmpfs('size=64m');
  if (!tmpfs) return context.skip(cannotMount);
  const plaintextBytes = 3_000_000;
  writeRandom(file('plain'), plaintextBytes);
  await sealFile({ input: file('plain'), output: file('floe'), key, aad }).result;
  const output = join(tmpfs.path, 'opened');
  await openFile({ input: file('floe'), output, key, aad, plaintextBytes }).result;
  expect(await residentBytes(output)).toBe(plaintextBytes);
  tmpfs.unmount();
});

it('takes advice', async () => {
  writeRandom(file('advised'), 4096);
  expect(await advise(file('advised'), 'willneed')).toBe(true);
  expect(await advise(file('advised'), 'dontneed')).toBe(true);
  expect(typeof (await advise(file('advised'), 'hugepage'))).toBe('boolean');
  await expect(advise(file('advised'), 'other' as never)).rejects.toMatchObject({
    code: 'INVALID',
  });
});

it('locks a file into memory and unlocks it', async () => {
  const lockedBytes = () => {
    const line = readFileSync('/proc/self/status', 'utf8').match(/^VmLck:\s+(\d+) kB$/m);
    return Number(line?.[1]) * 1024;
  };
  writeRandom(file('locked'), 8192);
  const before = lockedBytes();
  const locked = await lockFile(file('locked'));
  expect(locked.bytes).toBe(8192);
  expect(lockedBytes()).toBe(before + 8192);
  locked.unlock();
  expect(lockedBytes()).toBe(before);
});

it('finds the processes that map a file, also after it was unlinked', async () => {
  writeRandom(file('mapped'), 8192);
  writeRandom(file('idle'), 8192);
  const id = (name: string) => ({ dev: statSync(file(name)).dev, ino: statSync(file(name)).ino });
  const [mapped, idle] = [id('mapped'), id('idle')];
  const map = `import mmap, sys
with open(sys.argv[1], 'rb') as f: m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
print('mapped', flush=True)
sys.stdin.read()`;
  const child = execFile('python3', ['-c', map, file('mapped')]);
  await once(child.stdout!, 'data');
  rmSync(file('mapped'));
  const found = await mappedInodes([mapped, idle]);
  expect(found.mapped).toEqual([{ ...mapped, pids: [child.pid] }]);
  child.stdin!.end();
  await once(child, 'exit');
  expect((await mappedInodes([mapped])).mapped).toEqual([]);
});
