import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { FileIdentity } from '../records.ts';

export function identityOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileIdentity {
  return {
    dev: String(dev),
    ino: String(ino),
    size: Number(size),
    mtimeNs: String(mtimeNs),
    ctimeNs: String(ctimeNs),
  };
}

export interface KnownFile {
  path: string;
  realPath: string;
  identity: FileIdentity;
}

/**
 * Checks that files are still the very ones that were listed or inspected. ctime is part of it:
 * a writer can set mtime back, but not ctime.
 * @throws BerthError SourceChanged naming the file and what changed.
 */
export async function checkUnchanged(files: readonly KnownFile[]): Promise<void> {
  for (const { path, realPath, identity } of files) {
    const stats = await stat(realPath, { bigint: true }).catch((error: NodeJS.ErrnoException) => {
      throw sourceChanged(path, `can no longer be read (${error.code})`);
    });
    const now = identityOf(stats);
    if (now.size !== identity.size) {
      throw sourceChanged(path, `had ${identity.size} bytes and now has ${now.size}`);
    }
    if (now.dev !== identity.dev || now.ino !== identity.ino) {
      throw sourceChanged(path, 'was replaced by another file');
    }
    if (now.mtimeNs !== identity.mtimeNs || now.ctimeNs !== identity.ctimeNs) {
      throw sourceChanged(path, 'was written to');
    }
  }
}

/** The failure for a source that moves under us. */
export function sourceChanged(path: string, what: string): Error {
  return berthError(
    'SourceChanged',
    `${path}: ${what} while it was ingested; ingest again once nobody writes it`,
    { file: path },
  );
}
