import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface MountedTmpfs {
  path: string;
  unmount(): void;
}

/**
 * A tmpfs of its own, as in `mountTmpfs('size=4m,huge=advise')`; undefined where this user may not
 * mount.
 */
export function mountTmpfs(options: string): MountedTmpfs | undefined {
  const path = mkdtempSync(join(tmpdir(), 'berth-tmpfs-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
  } catch {
    rmdirSync(path);
    return undefined;
  }
  const unmount = () => {
    // Lazily, because a test that failed may have left a file open in it.
    execFileSync('umount', ['--lazy', path]);
    rmdirSync(path);
  };
  return { path, unmount };
}

export const cannotMount = 'mounting a tmpfs needs root (or CAP_SYS_ADMIN)';
