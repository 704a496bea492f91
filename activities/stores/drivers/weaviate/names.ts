import { createHash } from 'node:crypto';

/**
 * Weaviate's names are letters, digits and `_`, the first letter of a class is a capital, and names
 * that differ in case only are one. A collection's name has lower-case letters, digits and `.-_/`:
 * `docs-v3` is `Docs__v3`, and every other class is none of Berth's.
 */
const escapes: Record<string, string> = { '-': '__', _: '_1', '.': '_2', '/': '_3' };
const escaped = new Map(Object.entries(escapes).map(([char, code]) => [code, char]));
/** Before a name that begins with a digit; `_0` stands for no character. */
const digitFirst = 'N_0';

/** Class or alias of a collection's name, physical or not. */
export function toClassName(name: string): string {
  const body = name.replace(/[-_./]/g, (char) => escapes[char] as string);
  return /^[a-z]/.test(body) ? `${body[0]?.toUpperCase()}${body.slice(1)}` : `${digitFirst}${body}`;
}

/** @returns undefined for a class that toClassName cannot have made */
export function fromClassName(className: string): string | undefined {
  const body = className.startsWith(digitFirst)
    ? className.slice(digitFirst.length)
    : `${className[0]?.toLowerCase()}${className.slice(1)}`;
  const name = body.replace(/_./g, (code) => escaped.get(code) ?? code);
  return toClassName(name) === className ? name : undefined;
}

export type ValueKind = 'text' | 'number' | 'boolean';
const kinds: readonly ValueKind[] = ['text', 'number', 'boolean'];
const longest = 200;

/**
 * Property that holds a metadata field's values of one kind, as an array; a field that holds several
 * kinds has several. What is not a lower-case letter or digit is its UTF-8 in hexadecimal behind `_`;
 * a long name ends with a hash instead.
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
