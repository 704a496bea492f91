import { berthError } from '../../workflows/contracts/errors.ts';
import { parseModelRef, tagPattern } from '../../workflows/contracts/ids.ts';

/** @throws BerthError InvalidRequest when `text` is no reference. */
export function requireRef(text: string): void {
  if (parseModelRef(text) === undefined) {
    throw berthError(
      'InvalidRequest',
      `model reference ${JSON.stringify(text)}: expected name, name:tag or name@sha256:<64 hex digits>; berth models lists what there is`,
    );
  }
}

/** @throws BerthError InvalidRequest when `text` is no tag. */
export function requireTag(text: string): void {
  if (!tagPattern.test(text)) {
    throw berthError(
      'InvalidRequest',
      `tag ${JSON.stringify(text)}: expected lower-case letters, digits, ".", "_" and "-" (at most 63), such as v1.2`,
    );
  }
}
