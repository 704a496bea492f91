import { existsSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assembleFile, type FilePart } from '../../../native/addon/index.ts';
import { writeRandom, writeSparse } from '../../support/nativeFiles.ts';
import { underWay } from '../../support/nativeJob.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { cannotMount, mountTmpfs } from '../../support/tmpfs.ts';

const folder = temporaryFolder('assemble');
const output = join(folder, 'assembled');
const path = join(folder, 'source');

describe('assembling', () => {
  it('joins bytes and ranges in order', async () => {
    const source = writeRandom(path, 3 * 2 ** 20);
    const other = join(folder, 'other');
    const content = writeRandom(other, 10);
    const parts: FilePart[] = [
      { bytes: Buffer.from('head') },
      { path, offset: 5, length: 2 ** 21 + 1 },
      { bytes: new Uint8Array(0) },
      { path: other, offset: 0, length: 10 },
      { path, offset: source.length, length: 0 },
      { bytes: Buffer.from('tail') },
    ];
    const expected = Buffer.concat([
      Buffer.from('head'),
      source.subarray(5, 5 + 2 ** 21 + 1),
      content,
      Buffer.from('tail'),
    ]);
    const job = assembleFile({ output, parts });
    expect(await job.result).toEqual({ bytes: expected.length });
    expect(job.progress()).toBe(expected.length);
    expect(readFileSync(output).equals(expected)).toBe(true);
  });

  it('makes an empty file of no parts', async () => {
    expect(await assembleFile({ output, parts: [] }).result).toEqual({ bytes: 0 });
    expect(readFileSync(output)).toHaveLength(0);
  });
});

describe('refused', () => {
  const absent = join(folder, 'absent-output');
  const rejects = async (parts: FilePart[], expected: object, target = absent) => {
    const job = assembleFile({ output: target, parts });
    await expect(job.result).rejects.toMatchObject(expected);
    expect(existsSync(target)).toBe(false);
  };

  it('a range beyond its file', async () => {
    writeRandom(path, 100);
    const named = { code: 'SOURCE_CHANGED', message: expect.stringContaining(path) };
    await rejects([{ path, offset: 50, length: 51 }], named);
    await rejects([{ path, offset: 2 ** 53 - 1, length: 2 ** 53 - 1 }], named);
  });

  it('a source that is cut while it is read', async () => {
    const long = join(folder, 'long');
    writeSparse(long, 2 ** 29);
    const job = assembleFile({
      output: absent,
      parts: [{ path: long, offset: 0, length: 2 ** 29 }],
    });
    await underWay(job);
    truncateSync(long, 100);
    await expect(job.result).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      message: expect.stringContaining(long),
    });
    expect(existsSync(absent)).toBe(false);
  });

  it('a missing source, and parts that are neither', async () => {
    const missing = join(folder, 'missing');
    await rejects([{ path: missing, offset: 0, length: 1 }], { code: 'ENOENT' });
    await rejects([{ path } as never], { code: 'INVALID' });
    await rejects([{ path, offset: 0, length: 1.5 }], { code: 'INVALID' });
  });

  it('what a full file system cannot hold', async (context) => {
    const small = mountTmpfs('size=1m');
    if (!small) return context.skip(cannotMount);
    const target = join(small.path, 'out');
    const parts = [{ bytes: new Uint8Array(2 ** 20 + 1) }];
    await rejects(
      parts,
      { code: 'ENOSPC', message: expect.stringMatching(`${target}.*no room`) },
      target,
    );
    small.unmount();
  });
});
