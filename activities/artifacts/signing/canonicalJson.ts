import canonicalize from 'canonicalize';

// The package is CommonJS that exports the function itself; its types describe an ES module.
const serialize = canonicalize as unknown as typeof canonicalize.default;

/** RFC 8785 (JSON Canonicalization Scheme), by the `canonicalize` package. */
export function canonicalJson(value: unknown): string {
  const text = serialize(value);
  if (text === undefined) throw new TypeError('value has no JSON form');
  return text;
}

/**
 * Parses JSON that must be in canonical form: what differs by a byte from its own re-encoding
 * (white space, duplicate keys, other spellings of a number) is refused.
 * @returns undefined when it is not JSON or not canonical.
 */
export function parseCanonicalJson(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return Buffer.from(canonicalJson(value), 'utf8').equals(bytes) ? value : undefined;
  } catch {
    return undefined;
  }
}
