import { Context } from '@temporalio/activity';
import type { Bridge, BridgeMethod } from './bridge.ts';

/**
 * Calls the bridge from an activity: its counter becomes the heartbeat, and a cancellation, which
 * only arrives through heartbeats, kills it. Outside an activity it just calls.
 */
export async function callBridge<Params extends object, Result>(
  bridge: Bridge,
  method: BridgeMethod<Params, Result>,
  params: Params,
): Promise<Result> {
  const context = currentActivity();
  return bridge.call(method, params, {
    signal: context?.cancellationSignal,
    onProgress: (progress) => context?.heartbeat(progress),
  });
}

function currentActivity(): Context | undefined {
  try {
    return Context.current();
  } catch {
    return undefined;
  }
}
