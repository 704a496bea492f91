import { expect, test } from 'vitest';
import { previousVersion } from '../../../../workflows/backfill/collections/previousVersion.ts';

const info = (current: string | null, ...physical: string[]) => ({
  ...{ collection: 'docs', store: 'chroma', current },
  versions: physical.map((name) => ({
    ...{ physical: name, contentDigest: 'd', artifact: null, dimensions: 3, points: 1 },
    createdAt: '2026-03-01T00:00:00Z',
  })),
});

test('the version before is the highest below the current one', () => {
  const versions = ['docs-v2', 'docs-v11', 'docs-v10', 'docs-v9', 'docs-old', 'other-v1'];
  expect(previousVersion(info('docs-v10', ...versions))?.physical).toBe('docs-v9');
  expect(previousVersion(info('docs-v9', ...versions))?.physical).toBe('docs-v2');
  expect(previousVersion(info('docs-v2', ...versions))).toBeUndefined();
  expect(previousVersion(info(null, ...versions))).toBeUndefined();
});
