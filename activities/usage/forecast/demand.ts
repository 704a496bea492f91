import type { UsageRecord } from '../../../workflows/contracts/pool/usage.ts';

export const hourMs = 3_600_000;
export const hoursOfWeek = 168;

/** Compute that somebody wanted, whether it was waited for or held; times in ms since the Unix epoch. */
export interface Want {
  from: number;
  to: number;
  /** Thousandths of a device, all devices together. */
  milli: number;
}

/** Wanted compute hour by hour, without a gap. */
export interface DemandSeries {
  /** First hour, counted from the Unix epoch. */
  firstHour: number;
  /** Mean over the hour, devices. */
  mean: number[];
  /** Most at a time within the hour, devices. */
  peak: number[];
}

/** From asking to the end; a request that is lent to again wants from where its last lease ended. */
export function wantsOf(records: readonly UsageRecord[]): Want[] {
  const endOfLast = new Map<string, number>();
  return records
    .toSorted((a, b) => a.grantedAt - b.grantedAt)
    .map((record) => {
      const from = Math.max(record.submittedAt, endOfLast.get(record.requestId) ?? 0);
      endOfLast.set(record.requestId, record.endedAt);
      const milli = record.devices.reduce((sum, device) => sum + device.milli, 0);
      return { from, to: record.endedAt, milli };
    });
}

/** Hour of the week in UTC: 0 from Monday 00:00, 167 from Sunday 23:00. The epoch was a Thursday. */
export const hourOfWeek = (hour: number): number => (hour + 3 * 24) % hoursOfWeek;

/**
 * Adds wants up over the full hours from the first want until `now`; the hour that goes on is left out,
 * and so is the first one, of which only a part was recorded.
 */
export function demandSeries(wants: readonly Want[], now: number): DemandSeries {
  const begin = wants.reduce((first, { from }) => Math.min(first, from), now);
  const firstHour = Math.ceil(begin / hourMs);
  const count = Math.max(0, Math.floor(now / hourMs) - firstHour);
  const mean = new Array<number>(count).fill(0);
  const peak = new Array<number>(count).fill(0);
  for (const { from, to, milli } of levels(wants)) {
    const last = Math.min(Math.ceil(to / hourMs), firstHour + count);
    for (let hour = Math.max(firstHour, Math.floor(from / hourMs)); hour < last; hour += 1) {
      const overlap = Math.min(to, (hour + 1) * hourMs) - Math.max(from, hour * hourMs);
      const index = hour - firstHour;
      mean[index] = (mean[index] ?? 0) + (milli / 1000) * (overlap / hourMs);
      peak[index] = Math.max(peak[index] ?? 0, milli / 1000);
    }
  }
  return { firstHour, mean, peak };
}

/** Stretches of time with one and the same sum of wants. */
function levels(wants: readonly Want[]): Want[] {
  const steps = wants
    .filter(({ from, to }) => to > from)
    .flatMap(({ from, to, milli }) => [
      { at: from, milli },
      { at: to, milli: -milli },
    ])
    .sort((a, b) => a.at - b.at);
  const stretches: Want[] = [];
  let milli = 0;
  for (const [index, step] of steps.entries()) {
    milli += step.milli;
    const to = steps[index + 1]?.at ?? step.at;
    if (to > step.at && milli > 0) stretches.push({ from: step.at, to, milli });
  }
  return stretches;
}
