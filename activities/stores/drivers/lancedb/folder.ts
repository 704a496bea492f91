import { access, constants, mkdir, readdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Connection, connect } from '@lancedb/lancedb';
import { folderFailure } from './failures.ts';

/** A folder of tables, of which there are none until somebody makes a collection in it. */
export interface LanceFolder {
  /** undefined while it holds no table: LanceDB would make the folder and its manifest on connecting. */
  connection(): Promise<Connection | undefined>;
  /** Makes it where it is not. @throws BerthError InvalidRequest, OutOfSpace */
  make(): Promise<Connection>;
  close(): void;
}

/**
 * Writes nothing.
 * @param where store and folder, for messages
 * @throws BerthError InvalidRequest where it is not there and cannot be made
 */
export async function openFolder(folder: string, where: string): Promise<LanceFolder> {
  let connecting: Promise<Connection> | undefined;
  let opened: Connection | undefined;

  function open(): Promise<Connection> {
    connecting ??= connect(folder, { readConsistencyInterval: 0 }).then(
      (connection) => (opened = connection),
      (error) => {
        connecting = undefined;
        throw error;
      },
    );
    return connecting;
  }
  const refused = (error: NodeJS.ErrnoException) => {
    throw folderFailure(error, where);
  };
  await checkPlace(folder).catch(refused);

  return {
    async connection() {
      if (connecting !== undefined || (await holdsTables(folder).catch(refused))) return open();
      return undefined;
    },
    async make() {
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(refused);
      return open();
    },
    close: () => opened?.close(),
  };
}

/** As making it would find out: in the nearest folder above that is there, one may be made. */
async function checkPlace(folder: string): Promise<void> {
  if (await isThere(folder)) return;
  let above = dirname(folder);
  while (!(await isThere(above))) above = dirname(above);
  await access(above, constants.W_OK | constants.X_OK);
}

async function holdsTables(folder: string): Promise<boolean> {
  if (!(await isThere(folder))) return false;
  return (await readdir(folder)).some((name) => name.endsWith('.lance'));
}

/** @throws ErrnoException ENOTDIR for a file, EACCES */
async function isThere(folder: string): Promise<boolean> {
  try {
    if ((await stat(folder)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  throw Object.assign(new Error(`${folder} is no folder`), { code: 'ENOTDIR' });
}
