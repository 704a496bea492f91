import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../activities/platform/config.ts';
import { parseSize } from '../../../activities/platform/size.ts';

describe('parseSize', () => {
  it.each([
    ['512MiB', 512 * 2 ** 20],
    ['16GiB', 16 * 2 ** 30],
    ['1.5GB', 1.5e9],
    ['64k', 64 * 1024],
    ['4096', 4096],
    ['0', 0],
    ['1 TiB', 2 ** 40],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it.each(['', 'GiB', '-1MiB', '5 parsecs', '1e9', '12 34', '9999999TiB', '1..5GB'])(
    'refuses %j',
    (text) => {
      expect(parseSize(text)).toBeUndefined();
    },
  );

  it('is what BERTH_SHM_BUDGET is read with', () => {
    expect(readConfig({ BERTH_SHM_BUDGET: '16GiB' }).shmBudget).toBe(16 * 2 ** 30);
    expect(() => readConfig({ BERTH_SHM_BUDGET: 'lots' })).toThrow(/BERTH_SHM_BUDGET=lots/);
  });
});
