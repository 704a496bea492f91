import type { Bridge, BridgeCallOptions, BridgeHello } from '../activities/devices/bridge.ts';
import { type BerthError, berthError, isFailureType } from '../workflows/contracts/errors.ts';
import { type BridgeProcessOptions, startBridgeProcess } from './bridgeProcess.ts';
import { type BridgeMessage, parseBridgeMessage } from './bridgeProtocol.ts';
import { createStallWatch, type StallWatch } from './stallWatch.ts';

export interface StartBridgeOptions extends BridgeProcessOptions {
  /** A counter that stands still for so long is a hang, seconds; default 120. */
  stallSeconds?: number;
  /** Called once when it has ended, with the reason unless it was asked to. */
  onExit?(failure: string | undefined): void;
}

/** Python starts and the package is imported; torch is not yet. */
const greetingSeconds = 120;

/** What waits for the next word of the bridge: its greeting, or the answer of a call. */
interface Waiting {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  watch: StallWatch;
  bytes: number;
  onProgress: BridgeCallOptions['onProgress'];
}

/**
 * Starts the Python child of a device worker and waits for its greeting.
 * @throws BerthError BridgeFailed when it does not come up.
 */
export async function startBridge(options: StartBridgeOptions): Promise<Bridge> {
  const { stallSeconds = 120, onExit } = options;
  const child = startBridgeProcess(options);
  let waiting: Waiting | undefined;
  let calls = 0;
  let ending = false;
  let failure: BerthError | undefined;
  let asked: { reason: unknown } | undefined;

  /** Rejections are held back until the process has exited: only then is the device idle. */
  const end = (why: BerthError | undefined, reason?: unknown) => {
    if (ending) return;
    ending = true;
    failure = why;
    asked = why === undefined ? { reason } : undefined;
    child.kill();
  };
  const fail = (what: string) => end(bridgeFailed(`the bridge ${what}`, child.lastError()));

  const exited = child.ended.then((how) => {
    if (!ending) failure = bridgeFailed(`the bridge ${how}${killedHint(how)}`, child.lastError());
    ending = true;
    waiting?.watch.stop();
    waiting?.reject(failure ?? asked?.reason ?? bridgeFailed('the bridge was stopped', ''));
    waiting = undefined;
    onExit?.(failure?.message);
  });

  const wait = (seconds: number, onProgress?: BridgeCallOptions['onProgress']) =>
    new Promise<unknown>((resolve, reject) => {
      const watch = createStallWatch(seconds, () =>
        fail(`made no progress for ${seconds} seconds and was killed`),
      );
      waiting = { resolve, reject, watch, bytes: -1, onProgress };
    });
  const settle = (finish: (current: Waiting) => void) => {
    const current = waiting;
    waiting = undefined;
    current?.watch.stop();
    if (current !== undefined) finish(current);
  };

  child.onLine((line) => {
    if (ending) return;
    const message = parseBridgeMessage(line);
    if (message === undefined || !expected(message, calls)) {
      fail(`broke its protocol with ${JSON.stringify(line.slice(0, 80))}`);
    } else if ('hello' in message) {
      settle(({ resolve }) => resolve(message.hello));
    } else if ('progress' in message) {
      advance(waiting, message.progress);
    } else if ('result' in message) {
      settle(({ resolve }) => resolve(message.result));
    } else if (!isFailureType(message.error.type) || message.error.type === 'BridgeFailed') {
      // Its state is unknown: a retry gets a fresh one.
      end(berthError('BridgeFailed', message.error.message));
    } else {
      const { type, message: text } = message.error;
      settle(({ reject }) => reject(berthError(type, text)));
    }
  });

  const hello = (await wait(greetingSeconds)) as BridgeHello;
  return {
    pid: child.pid,
    hello,
    get usable() {
      return !ending;
    },
    exited,
    async kill() {
      end(undefined);
      await exited;
    },
    async call(method, params, { signal, onProgress } = {}) {
      signal?.throwIfAborted();
      if (ending) throw failure ?? bridgeFailed('the bridge was stopped', '');
      if (waiting !== undefined) throw new Error('the bridge is busy: one call at a time');
      calls += 1;
      const answer = wait(stallSeconds, onProgress);
      const onAbort = () => end(undefined, signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        child.send(JSON.stringify({ id: calls, method: method.name, params }));
        const parsed = method.result.safeParse(await answer);
        if (parsed.success) return parsed.data;
        const issue = parsed.error.issues[0];
        fail(`answered ${method.name} with a bad ${issue?.path.join('.')}: ${issue?.message}`);
        await exited;
        throw failure;
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}

/** Only the call under way is answered, and a greeting comes first and once. */
function expected(message: BridgeMessage, calls: number): boolean {
  return 'hello' in message ? calls === 0 : message.id === calls;
}

function advance(waiting: Waiting | undefined, progress: { bytes: number; totalBytes: number }) {
  if (waiting === undefined) return;
  if (progress.bytes !== waiting.bytes) waiting.watch.moved();
  waiting.bytes = progress.bytes;
  waiting.onProgress?.(progress);
}

/** Nobody else sends it without being asked. */
function killedHint(how: string): string {
  return how.includes('SIGKILL') ? ' (out of memory?)' : '';
}

function bridgeFailed(what: string, lastError: string): BerthError {
  return berthError('BridgeFailed', lastError === '' ? what : `${what}: ${lastError}`);
}
