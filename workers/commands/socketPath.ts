import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** sockaddr_un.sun_path holds 108 bytes, the last of them zero (unix(7)). */
const maxBytes = 107;

export interface SocketPlace {
  path: string;
  /** Removes what was made for it. */
  remove(): Promise<void>;
}

/** The path wanted, or a short one in a fresh folder that only this user may enter. */
export async function placeSocket(
  wanted: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<SocketPlace> {
  if (Buffer.byteLength(wanted) <= maxBytes) {
    // Of a supervisor that was killed: the caller holds the lock of this home.
    await rm(wanted, { force: true });
    return { path: wanted, remove: () => rm(wanted, { force: true }) };
  }
  // mkdtemp(3) makes it with mode 0700.
  const folder = await mkdtemp(join(env.XDG_RUNTIME_DIR || tmpdir(), 'berth-'));
  const path = join(folder, 's');
  return { path, remove: () => rm(dirname(path), { recursive: true, force: true }) };
}
