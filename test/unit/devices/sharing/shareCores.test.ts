import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { chooseCores } from '../../../../workers/devices/sharing/shareCores.ts';

const deviceCores = fc
  .uniqueArray(fc.integer({ min: 0, max: 127 }), { minLength: 1, maxLength: 32 })
  .map((cores) => cores.sort((a, b) => a - b));

describe('cores of a part of a device', () => {
  test('are the whole device for a whole share, whoever else has some', () => {
    expect(chooseCores([2, 3, 8], 1000, new Map([['other', [2]]]))).toEqual([2, 3, 8]);
  });

  test('are rounded up', () => {
    expect(chooseCores([0, 1, 2, 3], 250, new Map())).toEqual([0]);
    expect(chooseCores([0, 1, 2, 3], 251, new Map())).toEqual([0, 1]);
    expect(chooseCores([0, 1, 2, 3], 1, new Map())).toEqual([0]);
  });

  test('are those that fewest others have', () => {
    const assigned = new Map([
      ['a', [0, 1]],
      ['b', [1, 2]],
    ]);
    expect(chooseCores([0, 1, 2, 3], 250, assigned)).toEqual([3]);
    expect(chooseCores([0, 1, 2, 3], 750, assigned)).toEqual([0, 2, 3]);
  });

  test('are always distinct cores of the device, as many as the part is worth', () => {
    fc.assert(
      fc.property(
        deviceCores,
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.array(fc.integer({ min: 0, max: 127 }))),
        (cores, milli, others) => {
          const assigned = new Map(others.map((taken, index) => [`${index}`, taken]));
          const chosen = chooseCores(cores, milli, assigned);
          expect(chosen).toHaveLength(Math.ceil((cores.length * milli) / 1000));
          expect(new Set(chosen).size).toBe(chosen.length);
          expect(chosen.every((core) => cores.includes(core))).toBe(true);
          expect(chosen).toEqual([...chosen].sort((a, b) => a - b));
        },
      ),
    );
  });

  test('do not overlap while the parts, rounded up, fit side by side', () => {
    fc.assert(
      fc.property(
        deviceCores,
        fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 12 }),
        (cores, parts) => {
          const assigned = new Map<string, number[]>();
          let wanted = 0;
          for (const [index, milli] of parts.entries()) {
            assigned.set(`${index}`, chooseCores(cores, milli, assigned));
            wanted += Math.ceil((cores.length * milli) / 1000);
          }
          const users = cores.map(
            (core) => [...assigned.values()].filter((taken) => taken.includes(core)).length,
          );
          // And beyond: the load of cores differs by one at most.
          expect(Math.max(...users)).toBeLessThanOrEqual(
            Math.max(1, Math.ceil(wanted / cores.length)),
          );
          if (wanted <= cores.length) expect(Math.max(...users)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
