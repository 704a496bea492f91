import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { readJson } from './state.mjs';

/**
 * Whether node_modules is what the lock file says. npm writes its own list last, so a broken-off
 * installation has none; a package that npm left out as meant for another platform is optional.
 */
function matchesLock(root) {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(join(root, 'node_modules/.package-lock.json'))?.packages;
  if (!wanted || !installed) return false;
  const agrees = ([path, entry]) =>
    path === '' ||
    (installed[path]
      ? installed[path].version === entry.version && installed[path].integrity === entry.integrity
      : entry.optional === true);
  return (
    Object.entries(wanted).every(agrees) && Object.keys(installed).every((path) => path in wanted)
  );
}

/** Installs the locked npm packages; no package's own install script is needed or run. */
export function npmPackages({ root, env }) {
  return {
    name: 'npm packages',
    needs: ['npm'],
    due: () => !matchesLock(root),
    async run(note, lock) {
      await runCommand(
        'npm',
        ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--no-progress'],
        { cwd: root, env, note, inherit: [lock] },
      );
    },
  };
}
