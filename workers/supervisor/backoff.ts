export interface BackoffOptions {
  /** Delay after the first death, ms. */
  initialMs: number;
  maximumMs: number;
  /** A process that ran this long is stable: its next death counts as the first, ms. */
  stableMs: number;
}

export const defaultBackoff: BackoffOptions = {
  initialMs: 200,
  maximumMs: 30_000,
  stableMs: 30_000,
};

export interface BackoffStep {
  /** Deaths in a row, this one included. */
  deaths: number;
  delayMs: number;
}

/** Exponential back-off, factor 2, that starts anew after a stable run. Pure. */
export function nextBackoff(
  previousDeaths: number,
  ranMs: number,
  { initialMs, maximumMs, stableMs }: BackoffOptions = defaultBackoff,
): BackoffStep {
  const deaths = ranMs >= stableMs ? 1 : previousDeaths + 1;
  return { deaths, delayMs: Math.min(maximumMs, initialMs * 2 ** (deaths - 1)) };
}
