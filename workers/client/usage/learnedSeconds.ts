import type { UsageClient } from './usageClient.ts';

/** Nobody waits longer than that for a guess, ms. */
const patienceMs = 2_000;

/**
 * How long work of that kind takes in nine of ten cases, s; null when too little is known, or the
 * database does not say so at once: nothing depends on it.
 */
export async function learnedSeconds(
  usage: Pick<UsageClient, 'profile'>,
  profileKey: string | null,
): Promise<number | null> {
  if (profileKey === null) return null;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  try {
    const profile = await Promise.race([usage.profile(profileKey), late]);
    return profile === null ? null : Math.max(1, Math.ceil(profile.durationSeconds.p90));
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}
