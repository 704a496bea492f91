import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Pattern } from '../../../workflows/contracts/ids.ts';
import { createFileOnce } from '../../platform/createOnce.ts';
import { keyIdOf, parsePublicKey } from './publicKey.ts';

/** Public keys that this BERTH_HOME believes. They are never read from the store. */
export interface Trust {
  /** undefined when the key is not pinned, or its file no longer matches its name. */
  find(keyid: string): Promise<KeyObject | undefined>;
  pin(publicKeyPem: string): Promise<void>;
  path(keyid: string): string;
}

/** Keys as `<keyid>.pem` in the folder BERTH_HOME/trust, keyid = SHA-256 of the file. */
export function createTrust(folder: string): Trust {
  const path = (keyid: string) => join(folder, `${keyid}.pem`);
  return {
    path,
    async find(keyid) {
      if (!sha256Pattern.test(keyid)) return undefined;
      let pem: string;
      try {
        pem = await readFile(path(keyid), 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
      return keyIdOf(pem) === keyid ? parsePublicKey(pem) : undefined;
    },
    async pin(publicKeyPem) {
      await createFileOnce(path(keyIdOf(publicKeyPem)), publicKeyPem, 0o644);
    },
  };
}
