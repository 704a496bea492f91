import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Bridge, StartBridge } from '../devices/bridge.ts';

/** The one bridge of a query worker: one call at a time, ended when nobody has asked for a while. */
export interface QueryBridge {
  /** @throws BerthError BridgeFailed, what `call` throws, or `signal.reason` instead of calling it */
  use<T>(call: (bridge: Bridge) => Promise<T>, signal?: AbortSignal): Promise<T>;
  close(): Promise<void>;
}

/** Longest time without a query, ms: loading a model again takes seconds, keeping it takes memory. */
const idleMs = 10 * 60_000;

export function createQueryBridge(start: StartBridge, idleAfterMs = idleMs): QueryBridge {
  const oneAtATime = pLimit(1);
  let bridge: Bridge | undefined;
  let idle = new AbortController();

  const stop = async () => {
    await bridge?.kill();
    bridge = undefined;
  };
  /** Under the same lock as calls, so that none begins on a bridge that is being ended. */
  const stopWhenIdle = async (signal: AbortSignal) => {
    await delay(idleAfterMs, undefined, { signal, ref: false }).catch(() => undefined);
    if (!signal.aborted) await oneAtATime(async () => (signal.aborted ? undefined : stop()));
  };

  return {
    use: (call, signal) =>
      oneAtATime(async () => {
        signal?.throwIfAborted();
        idle.abort();
        idle = new AbortController();
        try {
          if (bridge?.usable !== true) {
            await stop();
            bridge = await start();
            signal?.throwIfAborted();
          }
          return await call(bridge);
        } finally {
          void stopWhenIdle(idle.signal);
        }
      }),
    async close() {
      idle.abort();
      await oneAtATime(stop);
    },
  };
}
