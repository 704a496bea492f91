import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** sun_path of unix(7) without its final zero byte. */
const socketPathBytes = 107;
/** The longest name that the daemon adds to its pipe directory. */
const longestSocket = 'control_privileged';

/** Where one daemon keeps what is its own; the same GPU and domain always have the same place. */
export interface MpsFolder {
  root: string;
  /** CUDA_MPS_PIPE_DIRECTORY */
  pipe: string;
  /** CUDA_MPS_LOG_DIRECTORY */
  logs: string;
  /** MpsRecord, written before anything is changed or started. */
  record: string;
}

/** What a later supervisor needs to end or take over the daemon of one that was killed. */
export const mpsRecordSchema = z.object({
  deviceId: z.string(),
  label: z.string(),
  trustDomain: z.string(),
  /** Compute mode to give back, as nvidia-smi names it; null when it was not changed. */
  computeMode: z.string().nullable(),
  /** Times that a fault made the server start again. */
  faults: z.number().int(),
  /** Milliseconds since the Unix epoch; null for never. */
  lastFaultAt: z.number().nullable(),
});
export type MpsRecord = z.infer<typeof mpsRecordSchema>;

/**
 * Folder of all daemons of a host: `<home>/run/mps`, or one under the temporary folder where a path
 * below it would be too long for a socket: the daemon then starts, fails to bind and says nothing.
 */
export function mpsRoot(home: string, temporary = tmpdir(), uid = process.getuid?.() ?? 0): string {
  const root = join(home, 'run', 'mps');
  if (socketLength(root) <= socketPathBytes) return root;
  return join(temporary, `berth-mps-${uid}-${shortHash(home)}`);
}

/** Pure. */
export function mpsFolder(root: string, deviceId: string, trustDomain: string): MpsFolder {
  return mpsFolderOf(root, shortHash(`${deviceId}\0${trustDomain}`));
}

export function mpsFolderOf(root: string, name: string): MpsFolder {
  const folder = join(root, name);
  return {
    root: folder,
    pipe: join(folder, 'pipe'),
    logs: join(folder, 'log'),
    record: join(folder, 'daemon.json'),
  };
}

/** @throws BerthError StackUnavailable for a path that is too long or that others could reach into */
export async function makeMpsFolder(root: string, folder: MpsFolder): Promise<void> {
  if (socketLength(root) > socketPathBytes) {
    throw berthError(
      'StackUnavailable',
      `${folder.pipe}: MPS cannot make a socket there, the path is over ${socketPathBytes} bytes; choose a shorter BERTH_HOME or TMPDIR`,
    );
  }
  for (const path of [root, folder.root, folder.pipe, folder.logs]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    if (!(await isOwnFolder(path))) {
      throw berthError(
        'StackUnavailable',
        `${path}: expected a folder of this user with mode 0700, for who can write there can join the GPU's MPS server; mend or remove it`,
      );
    }
  }
}

/** A folder, not a link to one, that nobody else can reach into. */
export async function isOwnFolder(path: string): Promise<boolean> {
  const found = await lstat(path);
  return found.isDirectory() && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
}

const shortHash = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 10);

function socketLength(root: string): number {
  return Buffer.byteLength(join(mpsFolderOf(root, shortHash('')).pipe, longestSocket));
}
