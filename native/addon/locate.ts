import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeError } from './nativeError.ts';

/**
 * The built addon. Walks up to Berth's own package.json, because this file runs from the source
 * tree and from dist/ alike.
 */
export function locateAddon(from: string = import.meta.url): string {
  const root = packageRoot(dirname(fileURLToPath(from)));
  const path = join(root, 'native', 'addon', 'build', 'berth.node');
  if (existsSync(path)) return path;
  throw new NativeError('ADDON_MISSING', `native addon ${path} is not built: run npm run setup`);
}

function packageRoot(folder: string): string {
  const manifest = join(folder, 'package.json');
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'berth') {
    return folder;
  }
  const parent = dirname(folder);
  if (parent !== folder) return packageRoot(parent);
  throw new NativeError('ADDON_MISSING', 'no package.json named berth above the native wrapper');
}
