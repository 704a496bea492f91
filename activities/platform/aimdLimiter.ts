import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import { createLatencyWatch } from './latencyWatch.ts';
import { isThrottling, retryAfterMsOf } from './throttling.ts';

export interface AimdOptions {
  /** Requests at a time, never fewer. */
  min: number;
  /** Never more. */
  max: number;
  /** At first. */
  start: number;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
  sleep?: (ms: number, signal?: AbortSignal) => Promise<void>;
}

export interface AimdLimiter {
  /** Runs `fn` when its turn comes; its rejection is passed on, and never retried here. */
  run<T>(fn: () => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Requests at a time, at present. */
  readonly limit: number;
  /** Requests that were throttled or timed out. */
  readonly throttled: number;
}

const decrease = 0.5;

/**
 * Additive increase, multiplicative decrease of the number of concurrent requests (Chiu and Jain,
 * 1989): a round of successes adds one; throttling, a time-out or a p95 latency of more than twice
 * the best halves it. What was under way when it was halved does not halve it again.
 */
export function createAimdLimiter(options: AimdOptions): AimdLimiter {
  const { min, max, start, now = () => performance.now(), sleep = delayed } = options;
  const gate = pLimit(start);
  const latency = createLatencyWatch();
  let allowed = start;
  let throttled = 0;
  let begun = 0;
  /** Requests from this number on began after the last decrease. */
  let judged = 0;
  let resumeAt = Number.NEGATIVE_INFINITY;

  const set = (value: number) => {
    allowed = Math.min(max, Math.max(min, value));
    gate.concurrency = Math.max(1, Math.floor(allowed));
  };
  const halve = (number: number) => {
    if (number < judged) return;
    judged = begun;
    set(Math.floor(allowed * decrease));
    latency.restart();
  };

  return {
    get limit() {
      return gate.concurrency;
    },
    get throttled() {
      return throttled;
    },
    run: (fn, signal) =>
      gate(async () => {
        // Somebody may be told to wait for longer meanwhile.
        for (let wait = resumeAt - now(); wait > 0; wait = resumeAt - now()) {
          await sleep(wait, signal);
        }
        signal?.throwIfAborted();
        const number = begun++;
        const began = now();
        try {
          const result = await fn();
          if (latency.add(now() - began, gate.concurrency)) halve(number);
          else set(allowed + 1 / allowed);
          return result;
        } catch (error) {
          if (isThrottling(error)) {
            throttled += 1;
            halve(number);
            const wait = retryAfterMsOf(error);
            if (wait !== undefined) resumeAt = Math.max(resumeAt, now() + wait);
          }
          throw error;
        }
      }),
  };
}

async function delayed(ms: number, signal?: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal });
}
