import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

const generated = new Set(['node_modules', 'target', 'build', 'dist', '__pycache__']);

/**
 * Files under `path` (a file or a folder; neither is an error), sorted, generated folders left out.
 * @param {string} path
 * @returns {string[]}
 */
export function listFiles(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !generated.has(entry.name))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const child = join(path, entry.name);
      if (entry.isDirectory()) return listFiles(child);
      return entry.isFile() ? [child] : [];
    });
}

/**
 * SHA-256 over names and contents, so that a rename counts and a touch does not.
 * @param {string} root folder that the names are relative to
 * @param {string[]} paths files and folders below it
 * @param {RegExp} [name] only files whose path matches
 * @returns {string} hex
 */
export function fingerprint(root, paths, name = /./) {
  const hash = createHash('sha256');
  for (const path of paths) {
    for (const file of listFiles(join(root, path)).filter((one) => name.test(one))) {
      const data = readFileSync(file);
      hash.update(`${relative(root, file)}\0${data.length}\0`).update(data);
    }
  }
  return hash.digest('hex');
}
