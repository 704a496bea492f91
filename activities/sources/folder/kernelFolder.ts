import { statfs } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** procfs, sysfs, debugfs, tracefs, cgroup and cgroup2 (linux/magic.h): reading there may never end. */
const kernelTypes = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x27e0eb, 0x63677270]);

/** @throws BerthError SourceNotAllowed for a folder of the kernel's, such as /proc */
export async function refuseKernelFolder(path: string): Promise<void> {
  const { type } = await statfs(path);
  if (!kernelTypes.has(type)) return;
  throw berthError(
    'SourceNotAllowed',
    `${path}: is a file system of the kernel's own, no documents; choose another folder`,
  );
}
