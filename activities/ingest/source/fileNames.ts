import { isUtf8 } from 'node:buffer';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { excerpt } from '../safetensors/strictJsonError.ts';

/** Control characters break lines and terminals; bidirectional ones show another name than there is. */
const unsafe = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/**
 * The name of a directory entry.
 * @param folder path within the source for the message, '' for its root.
 * @throws BerthError UnsafeSource when it is no UTF-8 or holds control characters.
 */
export function decodeName(bytes: Buffer, folder: string): string {
  const name = bytes.toString('utf8');
  if (!isUtf8(bytes) || unsafe.test(name)) {
    throw berthError(
      'UnsafeSource',
      `${excerpt(join(folder, name))}: name holds control characters or is not UTF-8; rename the file`,
      { file: join(folder, name) },
    );
  }
  return name;
}

/**
 * @throws BerthError UnsafeSource when two names of a folder differ only in case or in Unicode form:
 * elsewhere they would be one file.
 */
export function refuseCollisions(names: readonly string[], folder: string): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const key = name.normalize('NFKC').toLowerCase();
    const other = seen.get(key);
    if (other !== undefined) {
      throw berthError(
        'UnsafeSource',
        `${join(folder, name)}: differs from ${join(folder, other)} only in case; remove one of them`,
        { file: join(folder, name) },
      );
    }
    seen.set(key, name);
  }
}

/**
 * @param where file and field that name the path.
 * @throws BerthError UnsafeSource unless a path given inside a source is plain and relative.
 */
export function refuseUnsafePath(path: string, where: string): void {
  const parts = path.split('/');
  const plain =
    path !== '' &&
    !path.includes('\\') &&
    !unsafe.test(path) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..');
  if (!plain) {
    throw berthError(
      'UnsafeSource',
      `${where} names ${excerpt(path)}: expected a relative path without "..", inside the folder`,
    );
  }
}

function join(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}
