import { expect, test } from 'vitest';
import { pageLimits } from '../../../activities/backfill/pageLimits.ts';
import { readItems } from '../../../activities/backfill/readItems.ts';
import type { SourceItem } from '../../../activities/sources/recordSource.ts';

async function* itemsOf(metadata: Record<string, unknown>, count: number) {
  for (let line = 1; line <= count; line += 1) {
    const record = { id: `r${line}`, text: 'a ship', metadata };
    yield { record, place: `line ${line}`, next: String(line) } as SourceItem;
  }
}

const read = (metadata: Record<string, unknown>, count: number) =>
  readItems(itemsOf(metadata, count), count, () => true, null, new AbortController().signal);

test('a page ends early where its metadata are long', async () => {
  const html = 'x'.repeat(pageLimits.recordMetadataBytes / 2);
  const { items, next } = await read({ html }, 1_000);
  expect(items.length * html.length).toBeGreaterThanOrEqual(pageLimits.textBytes - html.length);
  expect(items.length).toBeLessThan(300);
  expect(next).toBe(String(items.length));
});

test('a record whose metadata are too long for its chunks is a dead letter', async () => {
  const html = 'é'.repeat(pageLimits.recordMetadataBytes / 2);
  const { items } = await read({ html }, 1);
  expect(items[0]?.failure).toMatchObject({
    kind: 'too-large',
    reason: expect.stringContaining('--metadata-columns'),
  });
});
