import {
  appendFileSync,
  existsSync,
  linkSync,
  readFileSync,
  statSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFile, sealFile, verifyFile } from '../../../native/addon/index.ts';
import { referenceOpen } from '../../support/floeReference.ts';
import {
  aad,
  chunk,
  key,
  sha256,
  sha256OfFile,
  writeRandom,
  writeSparse,
} from '../../support/nativeFiles.ts';
import { underWay } from '../../support/nativeJob.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('seal');
const file = (name: string) => join(folder, name);

describe('a file sealed and opened', () => {
  const lengths = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 5 * chunk + 7];

  it.each(lengths)('is the same again: %i bytes', async (length) => {
    const [input, output, again] = [
      file(`in${length}`),
      file(`floe${length}`),
      file(`out${length}`),
    ];
    const plaintext = writeRandom(input, length);
    for (const threads of [1, 2, 5]) {
      const job = sealFile({ input, output, key, aad, threads });
      const sealed = await job.result;
      expect(sealed).toEqual({
        plaintextBytes: length,
        plaintextSha256: sha256(plaintext),
        ciphertextBytes: statSync(output).size,
        ciphertextSha256: sha256OfFile(output),
      });
      expect(job.progress()).toBe(length);
      const request = { input: output, key, aad, plaintextBytes: length, threads };
      expect(await verifyFile(request).result).toEqual({
        plaintextSha256: sealed.plaintextSha256,
        ciphertextSha256: sealed.ciphertextSha256,
      });
      const opened = await openFile({ ...request, output: again }).result;
      expect(opened.plaintextBytes).toBe(length);
      expect(sha256OfFile(again)).toBe(sealed.plaintextSha256);
    }
  });

  it('agrees with the reference implementation', async () => {
    const plaintext = writeRandom(file('plain'), 3 * chunk + 5);
    await sealFile({ input: file('plain'), output: file('floe'), key, aad }).result;
    const opened = referenceOpen({ key, aad, segmentLength: 2 ** 20 }, readFileSync(file('floe')));
    expect(opened.equals(plaintext)).toBe(true);
  });

  it('takes another segment length', async () => {
    const plaintext = writeRandom(file('short'), 1000);
    const segmentLength = 100;
    await sealFile({ input: file('short'), output: file('short.floe'), key, aad, segmentLength })
      .result;
    const opened = referenceOpen({ key, aad, segmentLength }, readFileSync(file('short.floe')));
    expect(opened.equals(plaintext)).toBe(true);
  });
});

describe('sealing leaves no output behind', () => {
  const rejects = async (job: ReturnType<typeof sealFile>, code: string, names: string) => {
    await expect(job.result).rejects.toMatchObject({
      name: 'NativeError',
      code,
      message: expect.stringContaining(names),
    });
  };

  it.each([
    ['shrinks', (input: string) => truncateSync(input, 1)],
    ['grows', (input: string) => appendFileSync(input, 'x')],
  ])('when the input %s while it is read', async (_, change) => {
    const [input, output] = [file('changing'), file('changing.floe')];
    writeSparse(input, 2 ** 28);
    const job = sealFile({ input, output, key, aad });
    await underWay(job);
    change(input);
    await rejects(job, 'SOURCE_CHANGED', input);
    expect(existsSync(output)).toBe(false);
  });

  it('when it is cancelled', async () => {
    const [input, output] = [file('long'), file('long.floe')];
    writeSparse(input, 2 ** 28);
    const job = sealFile({ input, output, key, aad });
    await underWay(job);
    job.cancel();
    await rejects(job, 'CANCELLED', input);
    expect(existsSync(output)).toBe(false);
  });

  it('when a path or key is wrong', async () => {
    const request = { input: file('absent'), output: file('absent.floe'), key, aad };
    await rejects(sealFile(request), 'ENOENT', file('absent'));
    expect(existsSync(request.output)).toBe(false);
    await rejects(sealFile({ ...request, input: folder }), 'INVALID', folder);
    await rejects(sealFile({ ...request, key: key.subarray(1) }), 'INVALID', 'key has 31 bytes');
    writeRandom(file('there'), 10);
    linkSync(file('there'), file('linked'));
    const same = { ...request, input: file('there'), output: file('linked') };
    await rejects(sealFile(same), 'INVALID', 'both input and output');
    expect(statSync(file('there')).size).toBe(10);
    const nowhere = join(folder, 'no', 'folder');
    await rejects(
      sealFile({ ...request, input: file('there'), output: nowhere }),
      'ENOENT',
      nowhere,
    );
  });
});
