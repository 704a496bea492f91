import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Berth's own folder, the one with its package.json: walked up to, because a module runs from the
 * source tree and, one folder deeper, from dist/.
 */
export function packageRoot(from: string = import.meta.url): string {
  let folder = dirname(fileURLToPath(from));
  while (!isBerth(folder)) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`no package.json named berth above ${from}`);
    folder = parent;
  }
  return folder;
}

function isBerth(folder: string): boolean {
  const manifest = join(folder, 'package.json');
  return existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'berth';
}
