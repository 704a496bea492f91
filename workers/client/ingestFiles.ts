import { createPublicKey } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { listSource } from '../../activities/ingest/source/listSource.ts';
import { requireAllowedFile } from '../../activities/ingest/source/sourceRoot.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { IngestInput, IngestRequest } from '../../workflows/contracts/ingest.ts';
import type { CheckedIngestOptions } from './ingestOptions.ts';

/**
 * Looks at the files that the options name and makes what the workflow gets, whatever host
 * runs it.
 * @param sources BERTH_SOURCES; empty allows any folder.
 * @throws BerthError InvalidRequest, SourceNotAllowed, UnsafeSource or InvalidModel, one line that
 *   names the file.
 */
export async function resolveIngest(
  options: CheckedIngestOptions,
  sources: readonly string[],
): Promise<Omit<IngestInput, 'hostId'>> {
  const source = resolve(options.source);
  const { listingSha256 } = await listSource(source, { sources });
  const calibration = options.calibration && resolve(options.calibration);
  if (calibration) {
    await requireFile('calibration', calibration, 'a text file');
    await requireAllowedFile(calibration, sources);
  }
  const verifyKeyPem = options.verifyKey && (await readPublicKey(resolve(options.verifyKey)));
  const request: IngestRequest = withoutUndefined({
    source,
    name: options.name,
    tag: options.tag,
    quantize: options.quantize,
    doubleQuant: options.doubleQuant,
    shardBytes: options.shardSize,
    skipModules: options.skipModules,
    gate: withoutUndefined(options.gate),
    calibration,
    verifyKeyPem,
    strict: options.strict,
  });
  return { request, listingSha256, team: options.team };
}

/** Absent and undefined are one request, so that they have one hash. */
function withoutUndefined<T extends object>(value: T): T {
  const present = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(present) as T;
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
