import { createHash } from 'node:crypto';

/**
 * Class or alias of a collection's name: Weaviate's names are letters, digits and `_` and begin with a
 * capital, a collection's are lower-case letters, digits and `-`: `docs-v3` is `Docs_v3`.
 */
export const toClassName = (name: string): string =>
  `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`.replaceAll('-', '_');

/** @returns undefined for a class that is no collection of Berth's */
export function fromClassName(className: string): string | undefined {
  if (!/^[A-Z][a-z0-9_]*$/.test(className)) return undefined;
  return className.toLowerCase().replaceAll('_', '-');
}

export type ValueKind = 'text' | 'number' | 'boolean';
const kinds: readonly ValueKind[] = ['text', 'number', 'boolean'];
const longest = 200;

/**
 * Property that holds a metadata field's values of one kind, as an array; a field that holds several
 * kinds has several. Weaviate takes names that differ in case for one: what is not a lower-case letter
 * or digit is its UTF-8 in hexadecimal between `_`. A long name ends with a hash instead.
 */
export function toPropertyName(field: string, kind: ValueKind): string {
  const plain = field.replace(/[^a-z0-9]/gu, (char) => `_${Buffer.from(char).toString('hex')}_`);
  const full = `${kind}_${plain}`;
  if (full.length <= longest) return full;
  const hash = createHash('sha256').update(field).digest('hex').slice(0, 16);
  return `${full.slice(0, longest - 17)}_${hash}`;
}

export const kindOf = (value: string | number | boolean): ValueKind =>
  typeof value === 'string' ? 'text' : (typeof value as 'number' | 'boolean');

/** Kind that a property of toPropertyName holds; undefined: it is another one. */
export const kindOfProperty = (property: string): ValueKind | undefined =>
  kinds.find((kind) => property.startsWith(`${kind}_`));

/** A text as it is compared: white space around it would be cut off, and is kept by marks. */
export const exactText = (text: string): string =>
  text.trim() === text ? text : `\u0002${text}\u0003`;
