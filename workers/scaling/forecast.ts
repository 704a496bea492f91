import type { UsageClient } from '../client/usage/usageClient.ts';

/** A forecast changes by the hour. */
const freshMs = 15 * 60_000;

/**
 * Devices wanted on average in this hour or the next, whichever is more; null before two weeks of usage
 * are recorded, as what is known by then would only repeat single days.
 */
export function createForecast(
  usage: Pick<UsageClient, 'forecast'>,
  now: () => number = Date.now,
): () => Promise<number | null> {
  let known: { value: number | null; at: number } | undefined;
  return async () => {
    if (known !== undefined && now() - known.at < freshMs) return known.value;
    // Without a forecast the queue alone decides.
    const forecast = await usage.forecast().catch(() => undefined);
    const [current, next] = forecast?.next24 ?? [];
    const usable = forecast !== undefined && forecast.error !== null;
    const value = usable ? Math.max(current ?? 0, next ?? 0) : null;
    known = { value, at: now() };
    return value;
  };
}
