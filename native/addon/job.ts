import { type AddonBinding, loadAddon, type RawJob } from './binding.ts';
import { NativeError } from './nativeError.ts';
import type { NativeErrorCode, NativeJob } from './types.ts';

/** Starts an operation of the addon; whatever goes wrong, at once or later, rejects `result`. */
export function startJob<T>(start: (addon: AddonBinding) => RawJob<T>): NativeJob<T> {
  try {
    const { promise, handle } = start(loadAddon());
    return {
      result: promise.catch((error: unknown) => {
        throw asNativeError(error);
      }),
      progress: () => handle.progress(),
      cancel: () => handle.cancel(),
    };
  } catch (error) {
    return { result: Promise.reject(asNativeError(error)), progress: () => 0, cancel: () => {} };
  }
}

/** Calls a function of the addon that answers at once. */
export function callAddon<T>(call: (addon: AddonBinding) => T): T {
  try {
    return call(loadAddon());
  } catch (error) {
    throw asNativeError(error);
  }
}

function asNativeError(error: unknown): unknown {
  if (error instanceof NativeError || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : 'INVALID';
  return new NativeError(napiStatuses.get(code) ?? code, error.message);
}

/** napi-rs's own statuses for arguments of the wrong type, and for a panic that it caught. */
const napiStatuses = new Map<string, NativeErrorCode>([
  ['InvalidArg', 'INVALID'],
  ['ObjectExpected', 'INVALID'],
  ['StringExpected', 'INVALID'],
  ['NumberExpected', 'INVALID'],
  ['BooleanExpected', 'INVALID'],
  ['ArrayExpected', 'INVALID'],
  ['GenericFailure', 'PANIC'],
]);
