import type { ReservationWindow } from '../../contracts/pool/teams.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** The window that is open at `now`, else the next one; null when none comes any more. UTC. */
export function currentOrNext(
  window: ReservationWindow,
  now: number,
): { from: number; to: number } | null {
  if (window.kind === 'once') {
    return window.to > now && window.to > window.from ? { from: window.from, to: window.to } : null;
  }
  const today = Math.floor(now / dayMs) * dayMs;
  // Yesterday's may run past midnight; today's may be over while its day comes again in a week.
  for (let offset = -1; offset <= 7; offset++) {
    const day = today + offset * dayMs;
    if (!window.days.includes(weekday(day))) continue;
    const from = day + window.fromMinute * minuteMs;
    const nextDay = window.toMinute <= window.fromMinute ? dayMs : 0;
    const to = day + nextDay + window.toMinute * minuteMs;
    if (to > now) return { from, to };
  }
  return null;
}

/** 1 January 1970 was a Thursday. */
function weekday(day: number): number {
  return (((day / dayMs + 4) % 7) + 7) % 7;
}
