import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type OpenFileRequest,
  openFile,
  sealFile,
  verifyFile,
} from '../../../native/addon/index.ts';
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
import { cannotMount, type MountedTmpfs, mountTmpfs } from '../../support/tmpfs.ts';

const folder = temporaryFolder('open');
const file = (name: string) => join(folder, name);
/** Two whole huge pages and a tail; segments straddle them. */
const plaintextBytes = 5 * chunk + 1000;
let plaintext: Buffer;
let sealed: Buffer;

beforeAll(async () => {
  plaintext = writeRandom(file('plain'), plaintextBytes);
  await sealFile({ input: file('plain'), output: file('floe'), key, aad }).result;
  sealed = readFileSync(file('floe'));
});

function request(changes: Partial<OpenFileRequest> = {}): OpenFileRequest {
  return { input: file('floe'), output: file('opened'), key, aad, plaintextBytes, ...changes };
}

async function refused(changes: Partial<OpenFileRequest>, code: unknown): Promise<void> {
  const asked = request({ output: file('refused'), ...changes });
  await expect(openFile(asked).result).rejects.toMatchObject({
    code,
    message: expect.stringContaining(asked.input),
  });
  expect(existsSync(asked.output)).toBe(false);
  await expect(verifyFile(asked).result).rejects.toMatchObject({ code });
}

describe('opening', () => {
  it.each([undefined, true, false])(
    'writes the plaintext to a disk, hugePages %s',
    async (hugePages) => {
      const { hugePageBytes } = await openFile(request({ hugePages, sync: true })).result;
      expect(hugePageBytes).toBe(0);
      expect(sha256OfFile(file('opened'))).toBe(sha256(plaintext));
      expect(statSync(file('opened')).mode & 0o777).toBe(0o600);
    },
  );

  it('replaces what an interrupted attempt left', async () => {
    writeFileSync(file('opened'), Buffer.alloc(plaintextBytes + 5));
    await openFile(request()).result;
    expect(statSync(file('opened')).size).toBe(plaintextBytes);
  });

  it('refuses a wrong key, associated data, length or segment length', async () => {
    await refused({ key: new Uint8Array(32) }, 'HEADER');
    await refused({ aad: Buffer.from('another path') }, 'HEADER');
    await refused({ segmentLength: 2 ** 19 }, expect.stringMatching(/HEADER|TRUNCATED/));
    await refused({ plaintextBytes: plaintextBytes + 1 }, 'TRUNCATED');
    await refused({ plaintextBytes: plaintextBytes - 1 }, 'TRAILING');
    const fraction = openFile(request({ plaintextBytes: 1.5 })).result;
    await expect(fraction).rejects.toMatchObject({ code: 'INVALID' });
  });

  it('refuses any flipped byte, and leaves nothing', async () => {
    const input = file('flipped');
    // The edges of header and segments every time, and random places.
    const edges = [0, 73, 74, 78, 90, 2 ** 20 + 73, 2 ** 20 + 74, sealed.length - 1];
    const places = fc.sample(fc.nat(sealed.length - 1), 12);
    for (const index of [...edges, ...places]) {
      const bytes = Buffer.from(sealed);
      bytes[index]! ^= 0x10;
      writeFileSync(input, bytes);
      await refused({ input }, index < 74 ? 'HEADER' : 'AUTH');
      await refused({ input, hugePages: true }, index < 74 ? 'HEADER' : 'AUTH');
    }
  });

  it('refuses swapped segments, a cut and an extension', async () => {
    const input = file('changed');
    const segment = (index: number) => sealed.subarray(74 + index * 2 ** 20).subarray(0, 2 ** 20);
    writeFileSync(
      input,
      Buffer.concat([sealed.subarray(0, 74), ...[1, 0, 2, 3, 4, 5].map(segment)]),
    );
    await refused({ input }, 'AUTH');
    writeFileSync(input, sealed.subarray(0, -1));
    await refused({ input }, 'TRUNCATED');
    writeFileSync(input, Buffer.concat([sealed, Buffer.from([0])]));
    await refused({ input }, 'TRAILING');
  });
});

describe('a long opening', () => {
  const [input, output] = [file('large.floe'), file('large.opened')];
  const large = 2 ** 27;
  const start = () => openFile({ input, output, key, aad, plaintextBytes: large, threads: 1 });
  beforeAll(async () => {
    writeSparse(file('large'), large);
    await sealFile({ input: file('large'), output: input, key, aad }).result;
  });

  it('stops when it is cancelled, and leaves nothing', async () => {
    const job = start();
    await underWay(job);
    job.cancel();
    await expect(job.result).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(existsSync(output)).toBe(false);
  });

  it('survives an input that is cut while it is read', async () => {
    const job = start();
    await underWay(job);
    truncateSync(input, 2 ** 20);
    await expect(job.result).rejects.toMatchObject({ code: 'SOURCE_CHANGED' });
    expect(existsSync(output)).toBe(false);
  });
});

describe.each(['size=2m', 'size=2m,huge=advise', 'size=2m,huge=always'])(
  'a tmpfs, %s',
  (options) => {
    let small: MountedTmpfs | undefined;
    let large: MountedTmpfs | undefined;
    beforeAll(() => {
      small = mountTmpfs(options);
      large = mountTmpfs(options.replace('2m', '64m'));
    });
    afterAll(() => {
      small?.unmount();
      large?.unmount();
    });

    it.for([undefined, true, false])('is filled, hugePages %s', async (hugePages, context) => {
      if (!large) return context.skip(cannotMount);
      const output = join(large.path, `opened-${hugePages}`);
      const { hugePageBytes } = await openFile(request({ output, hugePages })).result;
      // How many there are is the kernel's decision; never more than the whole ones of the file.
      expect(hugePages === false ? [0] : [0, 2 ** 21, 2 ** 22]).toContain(hugePageBytes);
      expect(sha256OfFile(output)).toBe(sha256(plaintext));
    });

    it('that is too small is ENOSPC and left empty', async (context) => {
      if (!small) return context.skip(cannotMount);
      for (const hugePages of [undefined, true, false]) {
        const output = join(small.path, 'opened');
        await expect(openFile(request({ output, hugePages })).result).rejects.toMatchObject({
          code: 'ENOSPC',
          message: expect.stringContaining(output),
        });
        expect(existsSync(output)).toBe(false);
      }
      const output = join(small.path, 'floe');
      const job = sealFile({ input: file('plain'), output, key, aad });
      await expect(job.result).rejects.toMatchObject({ code: 'ENOSPC' });
      expect(existsSync(output)).toBe(false);
    });
  },
);
