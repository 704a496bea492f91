/** What a decision looks back on: one a look at the pool. Times are ms since the Unix epoch. */
export interface ScaleLook {
  at: number;
  /** Devices that wait or are held, thousandths of a device, all together. */
  wantedMilli: number;
}

/** Requests that wait and could start if there were more devices. */
export interface ScaleQueue {
  /** How long the oldest of them has waited, ms; 0 when none waits. */
  oldestWaitMs: number;
  /** Devices that they want together, thousandths. */
  waitingMilli: number;
  /** Most devices that one of them wants at once. */
  largestGang: number;
}

export interface ScaleBounds {
  min: number;
  max: number;
}

export interface Hysteresis {
  /** A request that waits for longer gets more devices. */
  upAfterMs: number;
  /** Fewer devices only after they would have done for so long. */
  downAfterMs: number;
}

export const usualHysteresis: Hysteresis = { upAfterMs: 30_000, downAfterMs: 10 * 60_000 };

export interface ScaleInput {
  now: number;
  current: number;
  /** Oldest first. */
  history: readonly ScaleLook[];
  queue: ScaleQueue;
  /** Devices expected to be wanted in this hour or the next; null when nothing is known. */
  forecast: number | null;
  bounds: ScaleBounds;
  hysteresis?: Hysteresis;
}

export interface ScaleDecision {
  count: number;
  /** One line for people. */
  reason: string;
}

const clamp = (count: number, { min, max }: ScaleBounds): number =>
  Math.min(max, Math.max(min, count));

const devicesOf = (milli: number): number => Math.ceil(milli / 1000);

/**
 * How many devices there should be. Up at once when a request has waited for long enough: as many more
 * as wait. Down only to what would have done during the whole of `downAfterMs`, as far as the history
 * reaches back so long, and never below the forecast: so demand that comes and goes within that time
 * moves nothing. Pure.
 */
export function decideScale(input: ScaleInput): ScaleDecision {
  const { now, current, history, queue, bounds, hysteresis = usualHysteresis } = input;
  const within = clamp(current, bounds);
  if (within !== current) {
    return { count: within, reason: `outside ${bounds.min} to ${bounds.max}` };
  }
  const foreseen = clamp(Math.ceil(input.forecast ?? 0), bounds);
  if (queue.waitingMilli > 0 && queue.oldestWaitMs >= hysteresis.upAfterMs) {
    const more = Math.max(devicesOf(queue.waitingMilli), 1);
    const count = clamp(Math.max(current + more, queue.largestGang, foreseen), bounds);
    const waited = Math.round(queue.oldestWaitMs / 1000);
    if (count > current) return { count, reason: `a request has waited for ${waited} s` };
  }
  if (foreseen > current) return { count: foreseen, reason: 'the forecast wants more' };
  const since = now - hysteresis.downAfterMs;
  const first = history[0];
  // A look just before the time began tells how it began.
  if (queue.waitingMilli > 0 || first === undefined || first.at > since) {
    return { count: current, reason: 'nothing to change' };
  }
  const lastBefore = history.findLastIndex(({ at }) => at <= since);
  const most = Math.max(...history.slice(lastBefore).map(({ wantedMilli }) => wantedMilli));
  const enough = Math.max(clamp(devicesOf(most), bounds), foreseen);
  if (enough >= current) return { count: current, reason: 'nothing to change' };
  const quiet = Math.round(hysteresis.downAfterMs / 60_000);
  return { count: enough, reason: `${enough} would have done for ${quiet} min` };
}

/** Looks that no later decision needs are left out. */
export function remember(
  history: readonly ScaleLook[],
  look: ScaleLook,
  { downAfterMs }: Hysteresis = usualHysteresis,
): ScaleLook[] {
  const since = look.at - downAfterMs;
  const lastBefore = history.findLastIndex(({ at }) => at <= since);
  return [...history.slice(Math.max(0, lastBefore)), look];
}
