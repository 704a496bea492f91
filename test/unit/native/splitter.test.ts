import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTextSplitter } from '../../../activities/embeddings/nativeSplitter.ts';
import type { Chunk, SplitterOptions } from '../../../activities/embeddings/textSplitter.ts';
import { splitterVersion } from '../../../native/addon/index.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';
import { wordPieceTokenizer } from '../../support/wordPieceTokenizer.ts';

const tokenizer = join(temporaryFolder('splitter'), 'tokenizer.json');
const words = ['the', 'ship', 'lies', 'at', 'its', 'berth', 'while', 'tide', 'turns'];

beforeAll(() => writeFileSync(tokenizer, wordPieceTokenizer(words)));

async function split(text: string, options: Partial<SplitterOptions> = {}): Promise<Chunk[]> {
  const limits = { tokenizer, maxTokens: 32, overlapTokens: 0, ...options };
  const [chunks = []] = await (await createTextSplitter(limits)).split([text]);
  return chunks;
}

const content = (text: string) => text.replaceAll(/\s/gu, '');

const paragraph = fc
  .array(fc.constantFrom(...words), { minLength: 3, maxLength: 12 })
  .map((sentence) => `${sentence.join(' ')}.`);
const prose = fc
  .array(fc.tuple(paragraph, fc.constantFrom(' ', '\n', '\n\n', '\r\n')), { maxLength: 20 })
  .map((parts) => parts.flat().join(''));
const anything = fc.oneof(
  prose,
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 300 }),
);

describe.each([
  { measure: 'tokens', by: () => tokenizer },
  { measure: 'characters', by: () => null },
])('splitting by $measure', ({ by }) => {
  it('keeps everything but white space, in order', async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (text) => {
        const chunks = await split(text, { tokenizer: by() });
        expect(chunks.map((chunk) => content(chunk.text)).join('')).toBe(content(text));
      }),
    );
  });

  it('makes no chunk larger than asked, and none empty', async () => {
    await fc.assert(
      fc.asyncProperty(
        anything,
        fc.integer({ min: 18, max: 60 }),
        fc.integer({ min: 0, max: 8 }),
        async (text, maxTokens, overlapTokens) => {
          const chunks = await split(text, { tokenizer: by(), maxTokens, overlapTokens });
          for (const chunk of chunks) {
            expect(chunk.tokens).toBeLessThanOrEqual(maxTokens);
            expect(chunk.text.trim()).not.toBe('');
          }
        },
      ),
    );
  });

  it('counts a chunk as if it stood alone', async () => {
    await fc.assert(
      fc.asyncProperty(prose, async (text) => {
        const chunks = await split(text, { tokenizer: by() });
        for (const chunk of chunks) {
          expect(await split(chunk.text, { tokenizer: by(), maxTokens: 500 })).toEqual([chunk]);
        }
      }),
    );
  });

  it('repeats no more than the overlap', async () => {
    await fc.assert(
      fc.asyncProperty(prose, fc.integer({ min: 1, max: 15 }), async (text, overlapTokens) => {
        const options = { tokenizer: by(), overlapTokens };
        const chunks = await split(text, options);
        const alone = await split('a', { tokenizer: by(), maxTokens: 500 });
        const special = by() === null ? 0 : (alone[0]?.tokens ?? 0) - 1;
        const places = placesOf(text, chunks);
        for (const [index, { start }] of places.slice(1).entries()) {
          const repeated = text.slice(start, Math.max(start, places[index]?.end ?? 0));
          const [counted] = await split(repeated, { tokenizer: by(), maxTokens: 500 });
          expect((counted?.tokens ?? special) - special).toBeLessThanOrEqual(overlapTokens);
        }
      }),
    );
  });
});

/** Each chunk begins behind the beginning of the one before, and ends behind its end. */
function placesOf(text: string, chunks: readonly Chunk[]): { start: number; end: number }[] {
  const places: { start: number; end: number }[] = [];
  for (const chunk of chunks) {
    const last = places.at(-1);
    const least =
      last === undefined ? 0 : Math.max(last.start + 1, last.end + 1 - chunk.text.length);
    const start = text.indexOf(chunk.text, least);
    expect(start).toBeGreaterThanOrEqual(0);
    places.push({ start, end: start + chunk.text.length });
  }
  return places;
}

describe('the splitter', () => {
  it('counts the special tokens, and takes no cutting or padding from the tokenizer', async () => {
    expect(await split('the ship lies at its berth')).toEqual([
      { text: 'the ship lies at its berth', tokens: 8 },
    ]);
    expect(await split('the ship lies at its berth while the tide turns')).toMatchObject([
      { tokens: 12 },
    ]);
    expect(await split('ship')).toEqual([{ text: 'ship', tokens: 3 }]);
  });

  it('prefers borders of paragraphs, then of sentences, then of words', async () => {
    const sentence = 'The ship lies at its berth.';
    const chunks = await split(`${sentence} ${sentence}\n\n${sentence} ${sentence}\n\n`, {
      maxTokens: 20,
    });
    expect(chunks.map(({ text }) => text)).toEqual([
      `${sentence} ${sentence}`,
      `${sentence} ${sentence}`,
    ]);
    const long = await split(`${sentence} ${sentence} ${sentence}`, { maxTokens: 18 });
    expect(long.map(({ text }) => text)).toEqual([`${sentence} ${sentence}`, sentence]);
    const endless = await split(Array(40).fill('ship').join(' '), { maxTokens: 18 });
    expect(endless.map(({ text }) => text.split(' ').length)).toEqual([16, 16, 8]);
  });

  it('makes no chunk of white space', async () => {
    for (const text of ['', ' ', '\n\n\t \u00a0\u2003', ' '.repeat(200_000)]) {
      expect(await split(text)).toEqual([]);
    }
  });

  it('splits one word that is all of a long text, and spaces that are', async () => {
    const chunks = await split('x'.repeat(300_000));
    expect(chunks.map(({ text }) => text).join('')).toHaveLength(300_000);
    expect(Math.max(...chunks.map(({ text }) => text.length))).toBeLessThanOrEqual(30 * 64);
    const apart = await split(`ship${' '.repeat(300_000)}berth`);
    expect(apart.map(({ text }) => text)).toEqual(['ship', 'berth']);
  });

  it('splits a text of many windows as one', async () => {
    const sentences = Array.from({ length: 20_000 }, (_, index) => `Ship ${index} lies at berth.`);
    const text = sentences.join(' ');
    const chunks = await split(text, { overlapTokens: 10 });
    const places = placesOf(text, chunks);
    expect(places[0]?.start).toBe(0);
    expect(places.at(-1)?.end).toBe(text.length);
    // A sentence has at most 9 tokens: three fit, and one is repeated.
    for (const [index, { start, end }] of places.slice(1).entries()) {
      expect(start).toBeLessThanOrEqual(places[index]?.end ?? 0);
      expect(text.slice(start, end).endsWith('berth.')).toBe(true);
    }
  });

  it('keeps lone surrogates where they are', async () => {
    expect((await split('ship \ud83d berth 🚢')).map(({ text }) => text)).toEqual([
      'ship \ud83d berth 🚢',
    ]);
  });

  it('answers for each of many texts', async () => {
    const splitter = await createTextSplitter({ tokenizer, maxTokens: 32, overlapTokens: 0 });
    const texts = Array.from({ length: 500 }, (_, index) => 'ship '.repeat(index % 50));
    const all = await splitter.split(texts);
    expect(all).toHaveLength(500);
    for (const [index, chunks] of all.entries()) {
      expect(chunks.map(({ text }) => text).join(' ')).toBe(texts[index]?.trim());
    }
  });
});

describe('its version', () => {
  it('names the crates as they are locked, and the limits', async () => {
    const lock = readFileSync('native/addon/Cargo.lock', 'utf8');
    for (const crate of ['text-splitter', 'tokenizers', 'icu_segmenter_data']) {
      const version = new RegExp(`name = "${crate}"\nversion = "(.+)"`).exec(lock)?.[1];
      expect(splitterVersion()).toContain(`${crate}-${version}`);
    }
    const versions = await Promise.all(
      [
        { tokenizer, maxTokens: 32, overlapTokens: 0 },
        { tokenizer, maxTokens: 33, overlapTokens: 0 },
        { tokenizer, maxTokens: 32, overlapTokens: 1 },
        { tokenizer: null, maxTokens: 32, overlapTokens: 0 },
      ].map(async (options) => (await createTextSplitter(options)).version),
    );
    expect(new Set(versions).size).toBe(4);
  });
});

describe('refused', () => {
  it.each([
    [{ maxTokens: 17 }, 'at least 18'],
    [{ overlapTokens: 16 }, 'more than half'],
    [{ tokenizer: '/nowhere/tokenizer.json' }, '/nowhere/tokenizer.json'],
  ])('%j', async (options, named) => {
    await expect(split('ship', options)).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringContaining(named),
    });
  });

  it('a file that is no tokenizer', async () => {
    const path = join(temporaryFolder('no-tokenizer'), 'tokenizer.json');
    writeFileSync(path, '{"version":');
    await expect(split('ship', { tokenizer: path })).rejects.toMatchObject({
      type: 'InvalidRequest',
      message: expect.stringContaining(path),
    });
  });
});
