import type { Profile } from './learnProfile.ts';

/** What to ask for; null where the past does not tell. */
export interface Suggestion {
  /** Part of one device, 0.05 to 0.9, where a part would do. */
  fraction: number | null;
  memoryMib: number | null;
  expectedSeconds: number;
}

/** Above what was measured, as looks miss the highest moments. */
const margin = 1.15;
/** A larger part is not worth sharing a device for. */
const largestPart = 0.9;
const step = 0.05;
/** Memory is suggested in steps that people would write, MiB. */
const memoryStep = 64;

/**
 * A part of a device is suggested only where both compute and memory are known, one device was enough
 * and both fit. Pure.
 * @param deviceMib Memory of the smallest device that it may get; 0 when there is none.
 */
export function suggestRun(profile: Profile, deviceMib: number): Suggestion {
  const { peakMib, utilization, devices, durationSeconds } = profile;
  const memoryMib =
    peakMib === null ? null : Math.ceil((peakMib * margin) / memoryStep) * memoryStep;
  const expectedSeconds = Math.ceil(durationSeconds.p90);
  const none = { fraction: null, memoryMib, expectedSeconds };
  if (devices > 1 || utilization === null || memoryMib === null) return none;
  if (deviceMib <= 0 || memoryMib > deviceMib * largestPart) return none;
  const steps = Math.max(1, Math.ceil((utilization.p95 * margin) / step - 1e-9));
  const fraction = Math.round(steps * step * 100) / 100;
  return fraction > largestPart ? none : { fraction, memoryMib, expectedSeconds };
}
