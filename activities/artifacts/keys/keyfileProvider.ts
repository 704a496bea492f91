import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { createFileOnce } from '../../platform/createOnce.ts';
import { decodeBase64 } from '../signing/base64.ts';
import type { KeyProvider } from './keyProvider.ts';
import { readSecretFile } from './secretFile.ts';

const keyBytes = 32;

export function keyfilePath(keysFolder: string): string {
  return join(keysFolder, 'keyfile.kek');
}

/**
 * A KEK in a file of 32 random bytes, mode 0600, made when the first data key is wrapped. Without a
 * backup of it no artifact can be opened again.
 * @param mayMake false while artifacts exist: a new key beside them would hide that theirs is lost,
 *   and restoring the lost one would then lose the new one's artifacts.
 */
export function createKeyfileProvider(
  keysFolder: string,
  mayMake: () => Promise<boolean> = async () => true,
): KeyProvider {
  const path = keyfilePath(keysFolder);

  async function withKek<T>(use: (kek: Buffer) => T): Promise<T> {
    const kek = await readSecretFile(path);
    if (kek === undefined) {
      throw berthError('KeyUnavailable', `key file ${path} is missing; restore it from its backup`);
    }
    try {
      if (kek.length !== keyBytes) {
        throw berthError(
          'KeyUnavailable',
          `key file ${path} holds ${kek.length} bytes, expected ${keyBytes}; restore it from its backup`,
        );
      }
      return use(kek);
    } finally {
      kek.fill(0);
    }
  }

  async function makeKek(): Promise<void> {
    const known = await readSecretFile(path);
    known?.fill(0);
    if (known !== undefined) return;
    if (!(await mayMake())) {
      throw berthError(
        'KeyUnavailable',
        `key file ${path} is missing, though the store holds artifacts; restore it from its backup, or remove them before a new key is made`,
      );
    }
    const fresh = randomBytes(keyBytes);
    try {
      await createFileOnce(path, fresh);
    } finally {
      fresh.fill(0);
    }
  }

  return {
    name: 'keyfile',

    async kekId() {
      await makeKek();
      return withKek(idOf);
    },

    wrap(dataKey, aad) {
      return withKek((kek) => {
        const iv = randomBytes(12);
        const cipher = createCipheriv('aes-256-gcm', kek, iv).setAAD(aad);
        const ct = Buffer.concat([cipher.update(dataKey), cipher.final()]);
        return {
          iv: iv.toString('base64'),
          ct: ct.toString('base64'),
          tag: cipher.getAuthTag().toString('base64'),
        };
      });
    },

    unwrap(wrap, aad) {
      return withKek((kek) => {
        const id = idOf(kek);
        if (id !== wrap.kekId) {
          throw berthError(
            'KeyUnavailable',
            `key file ${path} holds key ${id}, but the data key is wrapped with ${wrap.kekId}; restore the right key file from its backup`,
          );
        }
        return decrypt(kek, wrap, aad);
      });
    },
  };
}

function idOf(kek: Buffer): string {
  return createHmac('sha256', kek).update('berth kek id').digest('hex').slice(0, 32);
}

function decrypt(
  kek: Buffer,
  wrap: { iv: string; ct: string; tag: string },
  aad: Uint8Array,
): Buffer {
  const [iv, ct, tag] = [wrap.iv, wrap.ct, wrap.tag].map(decodeBase64);
  // GCM takes shorter tags when told so; a forger would like that.
  if (iv?.length !== 12 || tag?.length !== 16 || ct?.length !== keyBytes) throw altered();
  const parts: Buffer[] = [];
  try {
    const decipher = createDecipheriv('aes-256-gcm', kek, iv).setAAD(aad).setAuthTag(tag);
    parts.push(decipher.update(ct), decipher.final());
    return Buffer.concat(parts);
  } catch {
    throw altered();
  } finally {
    for (const part of parts) part.fill(0);
  }
}

function altered() {
  return berthError('ArtifactCorrupt', 'the wrapped data key does not verify: it was altered');
}
