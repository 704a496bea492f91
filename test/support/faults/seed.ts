import { onTestFailed } from 'vitest';

/** Seed of this run's choices: BERTH_CHAOS_SEED repeats one that failed. */
export function chaosSeed(env: NodeJS.ProcessEnv = process.env): number {
  const given = env.BERTH_CHAOS_SEED;
  if (given === undefined || given === '') return Math.floor(Math.random() * 2 ** 32);
  const seed = Number(given);
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw new Error(`BERTH_CHAOS_SEED=${given}: expected a whole number`);
}

/** Chooser of list elements, the same for the same seed (mulberry32, T. Ettinger, public domain). */
export function createChooser(seed: number): <T>(among: readonly T[]) => T {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return (among) => {
    const chosen = among[Math.floor(random() * among.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  };
}

/** Says at once, not after hours with the last test, what failed and how to repeat it. */
export function explainFailure(how: string): void {
  onTestFailed(({ task }) => {
    const reasons = (task.result?.errors ?? []).map(({ message }) => message);
    console.error([how, ...reasons].join('\n'));
  });
}
