import type { WaitingRequest } from '../state.ts';
import { expectedMs } from './expectedEnd.ts';

/** Devices that are kept for somebody: a reservation, or the head of the queue. */
export interface Hold {
  devices: ReadonlySet<string>;
  /** Whether the devices are closed to a request that would end at `endsAt`. */
  closedTo(waiting: WaitingRequest, endsAt: number): boolean;
  /** Whom they are kept for, so that a refusal can be explained. */
  keptFor: { reservationId: string; to: number } | { requestId: string; neededAt: number };
}

export interface Exclusion {
  /** Equal for requests that the same holds are closed to. */
  key: string;
  exclude: ((deviceId: string) => boolean) | undefined;
}

export function exclusionFor(
  holds: readonly Hold[],
  waiting: WaitingRequest,
  now: number,
): Exclusion {
  if (holds.length === 0) return { key: '', exclude: undefined };
  const endsAt = now + expectedMs(waiting.request);
  let key = '';
  let applied: Hold[] | undefined;
  for (const hold of holds) {
    const isClosed = hold.closedTo(waiting, endsAt);
    key += isClosed ? '1' : '0';
    if (isClosed) applied = [...(applied ?? []), hold];
  }
  if (!applied) return { key, exclude: undefined };
  const closed = applied;
  return { key, exclude: (deviceId) => closed.some(({ devices }) => devices.has(deviceId)) };
}
