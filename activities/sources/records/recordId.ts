import { createHash } from 'node:crypto';
import { canonicalJson } from '../../artifacts/signing/canonicalJson.ts';
import { isWellFormed } from './wellFormed.ts';

export const maxIdLength = 500;

/** The text of an id, or why it is none. */
export type ReadId = { id: string } | { problem: string };

/** An id has to be told apart from every other one, so nothing that has lost digits is taken. */
export function readId(value: unknown): ReadId {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { id: value.toISOString() };
  if (typeof value === 'bigint') return { id: value.toString() };
  if (typeof value === 'number') {
    if (Number.isSafeInteger(value) || !Number.isInteger(value)) return { id: String(value) };
    return { problem: 'the id is a number beyond 2^53, which loses digits; write it as a text' };
  }
  if (typeof value !== 'string') {
    return { problem: `the id is ${describe(value)}, expected a text or a number` };
  }
  if (value === '') return { problem: 'the id is empty' };
  if (value.length > maxIdLength) {
    return { problem: `the id has ${value.length} characters, at most ${maxIdLength} are taken` };
  }
  if (!isWellFormed(value)) return { problem: 'the id holds half a surrogate pair' };
  return { id: value };
}

/** For records that name none: 32 hex digits of SHA-256 over their canonical JSON (RFC 8785). */
export function contentId(text: string, metadata: Record<string, unknown>): string {
  return createHash('sha256').update(canonicalJson({ metadata, text })).digest('hex').slice(0, 32);
}

function describe(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (ArrayBuffer.isView(value)) return 'bytes';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
