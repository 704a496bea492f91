import { isUtf8 } from 'node:buffer';
import { unescapeJsonString } from './jsonEscapes.ts';
import { excerpt, StrictJsonError } from './strictJsonError.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const zero = 0x30;
const nine = 0x39;
/** No number that a double can hold needs more. */
const maxLiteral = 400;

/**
 * A pull parser over JSON (RFC 8259) that accepts one reading of a text only: no key twice in an
 * object, no `__proto__`, no lone surrogate. The caller asks for what it expects, so that nothing
 * else is ever built and nesting is as deep as the caller's own code. Linear in time; beyond the
 * values returned it keeps the keys of the open objects.
 */
export class StrictJsonReader {
  private readonly bytes: Buffer;
  private at = 0;

  /** @throws StrictJsonError unless all of `bytes` is UTF-8. */
  constructor(bytes: Buffer) {
    if (!isUtf8(bytes)) throw new StrictJsonError('not valid UTF-8', 0);
    this.bytes = bytes;
  }

  fail(rule: string): never {
    throw new StrictJsonError(rule, this.at);
  }

  /** The next byte that is not white space, or undefined at the end. */
  peek(): number | undefined {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.at += 1;
    }
  }

  end(): void {
    if (this.peek() !== undefined) this.fail('something follows the JSON value');
  }

  /** Calls `member` after each key's colon; it must read exactly one value. */
  object(member: (key: string) => void): void {
    this.expect(0x7b, 'expected an object');
    const keys = new Set<string>();
    if (this.accept(0x7d)) return;
    do {
      if (this.peek() !== quote) this.fail('expected a key in double quotes');
      const key = this.string();
      if (key === '__proto__') this.fail('the key "__proto__" is refused');
      if (keys.has(key)) this.fail(`duplicate key ${excerpt(key)}`);
      keys.add(key);
      this.expect(colon, 'expected a colon');
      member(key);
    } while (this.accept(comma));
    this.expect(0x7d, 'expected a comma or the end of the object');
  }

  /** Calls `item` before each element; it must read exactly one value. */
  array(item: () => void): void {
    this.expect(0x5b, 'expected an array');
    if (this.accept(0x5d)) return;
    do item();
    while (this.accept(comma));
    this.expect(0x5d, 'expected a comma or the end of the array');
  }

  string(): string {
    this.expect(quote, 'expected a string');
    const start = this.at;
    let escaped = false;
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === undefined) this.fail('a string does not end');
      if (byte === quote) break;
      if (byte < 0x20) this.fail('a control character in a string is not escaped');
      if (byte === backslash) {
        escaped = true;
        this.at += 1;
      }
      this.at += 1;
    }
    const end = this.at;
    this.at += 1;
    return escaped
      ? unescapeJsonString(this.bytes, start, end)
      : this.bytes.toString('utf8', start, end);
  }

  /** A whole number from 0 to 2^53 − 1, written without sign, fraction or exponent. */
  unsignedInteger(): number {
    const first = this.peek();
    if (first === 0x2d) this.fail('a negative number');
    if (first === undefined || first < zero || first > nine) this.fail('expected a whole number');
    let value = 0;
    const start = this.at;
    for (let byte: number | undefined = first; byte !== undefined; byte = this.bytes[this.at]) {
      if (byte < zero || byte > nine) break;
      if (this.at > start && first === zero) this.fail('a number with a leading zero');
      value = value * 10 + (byte - zero);
      if (value > Number.MAX_SAFE_INTEGER) this.fail('a number above 2^53 - 1');
      this.at += 1;
    }
    const next = this.bytes[this.at];
    if (next === 0x2e || next === 0x65 || next === 0x45) {
      this.fail('a number with a fraction or an exponent');
    }
    return value;
  }

  /** The text of a number or word, up to the next byte that none holds; it must match `form`. */
  literal(form: RegExp): string {
    this.peek();
    const start = this.at;
    for (let byte = this.bytes[this.at]; byte !== undefined && isLiteral(byte); ) {
      this.at += 1;
      byte = this.bytes[this.at];
    }
    const text = this.bytes.toString('latin1', start, Math.min(this.at, start + maxLiteral + 1));
    if (text.length <= maxLiteral && form.test(text)) return text;
    this.at = start;
    return this.fail('expected a JSON value');
  }

  private accept(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at += 1;
    return true;
  }

  private expect(byte: number, otherwise: string): void {
    if (!this.accept(byte)) this.fail(otherwise);
  }
}

function isLiteral(byte: number): boolean {
  return (
    (byte >= zero && byte <= nine) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    (byte >= 0x41 && byte <= 0x5a) ||
    byte === 0x2b ||
    byte === 0x2d ||
    byte === 0x2e
  );
}
