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

/** Berth's own version. */
export function berthVersion(): string {
  return readManifest(packageRoot()).version;
}

function isBerth(folder: string): boolean {
  return existsSync(join(folder, 'package.json')) && readManifest(folder).name === 'berth';
}

function readManifest(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
