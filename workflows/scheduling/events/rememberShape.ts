import type { Resources } from '../../contracts/pool/requests.ts';
import type { TypicalTask } from '../state.ts';

const maxShapes = 64;
/** Beyond it all counts are halved, so that the workload of last year does not outweigh today's. */
const maxCount = 10_000;

/** Counts a request's shape; the most frequent first, among equals the older one. */
export function rememberShape(typical: TypicalTask[], resources: Resources): TypicalTask[] {
  const { cpuMilli, hostMemoryMib, devices, milli, models } = resources;
  const shape = { cpuMilli, memoryMib: hostMemoryMib, devices, milli, models };
  const key = keyOf(shape);
  const at = typical.findIndex((known) => keyOf(known) === key);
  const counted =
    at < 0
      ? [...typical.slice(0, maxShapes - 1), { ...shape, count: 1 }]
      : typical.map((known, index) =>
          index === at ? { ...known, count: known.count + 1 } : known,
        );
  const total = counted.reduce((sum, { count }) => sum + count, 0);
  const kept = total > maxCount ? counted.map(halve) : counted;
  return kept.sort((a, b) => b.count - a.count);
}

const halve = (shape: TypicalTask): TypicalTask => ({
  ...shape,
  count: Math.max(1, Math.floor(shape.count / 2)),
});

const keyOf = ({ cpuMilli, memoryMib, devices, milli, models }: Omit<TypicalTask, 'count'>) =>
  `${cpuMilli} ${memoryMib} ${devices} ${milli} ${models.join('|')}`;
