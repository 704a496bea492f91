import type { NativeErrorCode } from './types.ts';

/** A native call failed; `message` is one line that names the file. */
export class NativeError extends Error {
  override readonly name = 'NativeError';
  readonly code: NativeErrorCode;

  constructor(code: NativeErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
