import { readFile } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';
import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  parseStrictJson,
} from '../safetensors/jsonValue.ts';
import { StrictJsonError } from '../safetensors/strictJsonError.ts';
import { type KnownFile, sourceChanged } from './identity.ts';

/**
 * Reads a whole file that was listed, within a bound.
 * @throws BerthError InvalidModel when it is larger, SourceChanged when it is not as listed.
 */
export async function readSmallFile(file: KnownFile, maxBytes: number): Promise<Buffer> {
  refuseLarge(file, maxBytes);
  const bytes = await readFile(file.realPath);
  if (bytes.length !== file.identity.size) {
    throw sourceChanged(file.path, `had ${file.identity.size} bytes and now has ${bytes.length}`);
  }
  return bytes;
}

export function refuseLarge(file: KnownFile, maxBytes: number): void {
  if (file.identity.size > maxBytes) {
    throw berthError(
      'InvalidModel',
      `${file.path}: has ${file.identity.size} bytes, expected at most ${maxBytes} for such a file`,
      { file: file.path },
    );
  }
}

/**
 * Reads a JSON file strictly; Python's NaN and Infinity are accepted, because its json writes them.
 * @throws BerthError InvalidModel naming the file, the byte and the rule.
 */
export async function readSourceJson(file: KnownFile, maxBytes: number): Promise<JsonValue> {
  const bytes = await readSmallFile(file, maxBytes);
  try {
    return parseStrictJson(bytes, { pythonNumbers: true });
  } catch (error) {
    if (!(error instanceof StrictJsonError)) throw error;
    throw invalidModel(file.path, `byte ${error.offset}: ${error.rule}; expected strict JSON`);
  }
}

export async function readSourceObject(file: KnownFile, maxBytes: number): Promise<JsonObject> {
  const value = await readSourceJson(file, maxBytes);
  if (isJsonObject(value)) return value;
  throw invalidModel(file.path, 'expected a JSON object');
}

export function invalidModel(path: string, what: string): Error {
  return berthError('InvalidModel', `${path}: ${what}`, { file: path });
}
