import type { DailyWindow } from '../contracts/backfill/request.ts';

const dayMs = 24 * 60 * 60_000;
const minuteMs = 60_000;

export interface WindowState {
  inside: boolean;
  /** Until it opens or closes, ms; always above 0. */
  changesInMs: number;
}

/**
 * Where a time lies towards a window of the day. The end is exclusive; over midnight where
 * `from > to`. A window whose ends are equal is the whole day.
 * @param now milliseconds since the Unix epoch, whose days are UTC's
 */
export function windowState({ fromMinute, toMinute }: DailyWindow, now: number): WindowState {
  const time = ((now % dayMs) + dayMs) % dayMs;
  const until = (minute: number) => {
    const ms = (minute * minuteMs - time + dayMs) % dayMs;
    return ms === 0 ? dayMs : ms;
  };
  if (fromMinute === toMinute) return { inside: true, changesInMs: dayMs };
  // The window is open exactly when it closes before it opens next.
  const inside = until(toMinute) < until(fromMinute);
  return { inside, changesInMs: inside ? until(toMinute) : until(fromMinute) };
}

/** `22:00-06:00 UTC` */
export function formatWindow({ fromMinute, toMinute }: DailyWindow): string {
  const clock = (minute: number) =>
    [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
  return `${clock(fromMinute)}-${clock(toMinute)} UTC`;
}
