import { createPublicKey } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { IngestRequest } from '../../workflows/contracts/ingest.ts';
import type { CheckedIngestOptions } from './ingestOptions.ts';

/**
 * Looks at the files that the options name and makes the request that the workflow gets.
 * @throws BerthError InvalidRequest or SourceNotAllowed, one line that names the file.
 */
export async function resolveIngestRequest(options: CheckedIngestOptions): Promise<IngestRequest> {
  const source = resolve(options.source);
  await requireFolder(source);
  const calibration = options.calibration && resolve(options.calibration);
  if (calibration) await requireFile('calibration', calibration, 'a text file');
  const verifyKeyPem = options.verifyKey && (await readPublicKey(resolve(options.verifyKey)));
  const { gate } = options;
  return withoutUndefined({
    source,
    name: options.name,
    tag: options.tag,
    quantize: options.quantize,
    doubleQuant: options.doubleQuant,
    shardBytes: options.shardSize,
    skipModules: options.skipModules,
    gate: withoutUndefined(gate),
    calibration,
    verifyKeyPem,
    strict: options.strict,
  });
}

/** Absent and undefined are one request, so that they have one hash. */
function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(
    Object.entries(value).filter(([, member]) => member !== undefined),
  ) as T;
}

async function requireFolder(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    throw berthError('SourceNotAllowed', `source ${path}: no such folder; check the path`);
  }
  if (!found.isDirectory()) {
    throw berthError(
      'SourceNotAllowed',
      `source ${path}: expected a folder with a Hugging Face model, found a file; give its folder`,
    );
  }
  await access(path, constants.R_OK | constants.X_OK).catch(() => {
    throw berthError('SourceNotAllowed', `source ${path}: not readable; change its permissions`);
  });
}

async function requireFile(what: string, path: string, kind: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    throw berthError('InvalidRequest', `${what} ${path}: expected ${kind}; check the path`);
  }
  await access(path, constants.R_OK).catch(() => {
    throw berthError('InvalidRequest', `${what} ${path}: not readable; change its permissions`);
  });
}

/** The text travels in the workflow's input, which others can read: a private key must not. */
async function readPublicKey(path: string): Promise<string> {
  await requireFile('verify key', path, 'a PEM file with a public key');
  const pem = await readFile(path, 'utf8');
  if (pem.includes('PRIVATE KEY')) {
    throw berthError(
      'InvalidRequest',
      `verify key ${path}: holds a private key; give the public key alone`,
    );
  }
  try {
    createPublicKey(pem);
  } catch {
    throw berthError('InvalidRequest', `verify key ${path}: expected a public key in PEM form`);
  }
  return pem;
}
