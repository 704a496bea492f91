import { without } from '../lookup.ts';
import type { PoolState } from '../state.ts';

/** Takes a request out of the queue for good; a late duplicate of it is recognised for a while. */
export function forgetRequest(state: PoolState, requestId: string, now: number): PoolState {
  const recent = state.recent.filter((entry) => entry.requestId !== requestId);
  return {
    ...state,
    waiting: without(state.waiting, requestId),
    recent: [...recent, { requestId, at: now }],
  };
}

/** Lets go of what has been over for longer than `rememberMs`. */
export function pruneRecent(state: PoolState, now: number): PoolState {
  const oldest = now - state.config.rememberMs;
  return state.recent.some(({ at }) => at < oldest)
    ? { ...state, recent: state.recent.filter(({ at }) => at >= oldest) }
    : state;
}
