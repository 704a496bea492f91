import type { StartBridge } from '../activities/devices/bridge.ts';
import { type StartBridgeOptions, startBridge } from './bridge.ts';
import { sendToParent, type WorkerMessage } from './supervisor/messages.ts';

/** Starts bridges and tells the supervisor how they fare, for `berth status`. */
export function createReportedBridge(options: StartBridgeOptions): StartBridge {
  const report = (state: (WorkerMessage & { type: 'bridge' })['state'], rest = {}) =>
    sendToParent({ type: 'bridge', state, pid: null, message: null, ...rest });
  return async () => {
    void report('starting');
    const bridge = await startBridge({
      ...options,
      onExit(failure) {
        options.onExit?.(failure);
        if (failure === undefined) void report('none');
        else void report('failed', { message: failure.split('\n')[0] });
      },
    });
    void report('running', { pid: bridge.pid });
    return bridge;
  };
}
