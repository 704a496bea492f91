import { signatureFile } from './oms/resources.ts';

/**
 * A path that may stand in a model's plaintext tree: relative, `/`-separated, without `.`, `..`,
 * empty parts, control characters or backslashes, and not the signature's own.
 */
export function isTreePath(path: string): boolean {
  if (path === signatureFile || path.length > 1024) return false;
  return path.split('/').every((part) => {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
    return part !== '' && part !== '.' && part !== '..' && !/[\\\u0000-\u001f\u007f]/.test(part);
  });
}
