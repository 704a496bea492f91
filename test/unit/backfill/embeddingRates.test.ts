import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createEmbeddingRates } from '../../../activities/backfill/embeddingRates.ts';
import type { EmbedPage } from '../../../activities/backfill/embedPage.ts';
import { recordingRates } from '../../../activities/backfill/recordRates.ts';
import type {
  EmbedPageInput,
  EmbedPageResult,
} from '../../../workflows/contracts/backfill/pages.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

const folder = temporaryFolder('rates');

test('remembers each model, and moves slowly towards what is measured', async () => {
  const path = join(folder, 'rates.json');
  const rates = createEmbeddingRates(path);
  expect(await rates.read('a')).toBeUndefined();
  await rates.record('a', 100);
  await rates.record('b', 5);
  await rates.record('a', 200);
  expect(await createEmbeddingRates(path).read('a')).toBeCloseTo(120);
  expect(await rates.read('b')).toBe(5);
  writeFileSync(path, '{"a": {"chunksPer');
  expect(await rates.read('a')).toBeUndefined();
  await rates.record('a', 7);
  expect(await rates.read('a')).toBe(7);
});

test('learns from pages that were embedded, not from cached ones; no page fails by it', async () => {
  const rates = createEmbeddingRates(join(folder, 'pages.json'));
  const page = (embedded: number, chunks: number): EmbedPage =>
    recordingRates(rates, async () => ({ embedded, chunks, seconds: 2 }) as EmbedPageResult);
  const input = { embedding: { contentDigest: 'm' } } as EmbedPageInput;
  await page(10, 100)(input);
  await page(0, 0)(input);
  expect(await rates.read('m')).toBeUndefined();
  await page(95, 100)(input);
  expect(await rates.read('m')).toBe(47.5);
  const broken = createEmbeddingRates(join(folder, 'pages.json', 'rates.json'));
  const result = await recordingRates(broken, page(95, 100))(input);
  expect(result.embedded).toBe(95);
});
