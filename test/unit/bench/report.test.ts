import { describe, expect, it } from 'vitest';
import { byteCount, positiveInteger } from '../../../scripts/bench/options.ts';
import { interleave, median, medianRatio } from '../../../scripts/bench/statistics.ts';
import { renderReport } from '../../../scripts/bench/table.ts';

describe('statistics', () => {
  it('take the middle, not the mean', () => {
    expect(median([9, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 9])).toBe(3);
    expect(() => median([])).toThrow(RangeError);
  });

  it('compare round by round', () => {
    expect(medianRatio([2, 20, 3], [1, 10, 3])).toBe(2);
  });

  it('call every candidate once a round, another one first each time', async () => {
    const calls: string[] = [];
    const call = (name: string) => async () => calls.push(name);
    const results = await interleave(3, { a: call('a'), b: call('b') });
    expect(calls.join('')).toBe('abbaab');
    expect(results).toEqual({ a: [1, 4, 5], b: [2, 3, 6] });
  });
});

describe('the report', () => {
  it('shows both figures, the ratio and the verdict', () => {
    const alternative = { name: 'cp', value: 2 };
    const text = renderReport({
      rows: [
        { measure: 'open', unit: 'GB/s', ours: 3, alternative, ratio: 1.5 },
        { measure: 'seal', unit: 's', ours: 120 },
      ],
      targets: [
        { measure: 'open', target: '0.8', met: true },
        { measure: 'seal', target: '1', met: false },
        { measure: 'other', target: '1', met: null, note: 'no such CPU' },
      ],
      notes: ['warm cache'],
    });
    expect(text).toMatch(/^open {5}3\.00 GB\/s {2}2\.00 GB\/s \(cp\) {2}1\.50 ×$/m);
    expect(text).toMatch(/^seal {5}120 s$/m);
    expect(text).toContain('open: target 0.8: met\nseal: target 1: MISSED');
    expect(text).toContain('other: target 1: not applicable (no such CPU)');
    expect(text).toMatch(/warm cache$/);
  });
});

describe('options', () => {
  it('read sizes and counts', () => {
    expect(byteCount('1GiB')).toBe(2 ** 30);
    expect(byteCount('512MB')).toBe(2 ** 29);
    expect(byteCount('4096')).toBe(4096);
    expect(positiveInteger('3')).toBe(3);
  });

  it('refuse what is neither', () => {
    for (const text of ['', 'much', '-1GiB', '0']) expect(() => byteCount(text), text).toThrow();
    for (const text of ['0', '1.5', 'many']) expect(() => positiveInteger(text), text).toThrow();
  });
});
