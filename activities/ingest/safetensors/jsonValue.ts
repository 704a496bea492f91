import { StrictJsonReader } from './strictJson.ts';
import { StrictJsonError } from './strictJsonError.ts';

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

const maxDepth = 64;

/**
 * Parses a whole JSON text strictly: duplicate keys, `__proto__`, trailing bytes, lone surrogates
 * and more than 64 levels are refused, where JSON.parse would pick one reading silently.
 * @throws StrictJsonError
 */
export function parseStrictJson(bytes: Buffer): JsonValue {
  const reader = new StrictJsonReader(bytes);
  const value = readValue(reader, 0);
  reader.end();
  return value;
}

/** @throws StrictJsonError also when the text is no object. */
export function parseStrictJsonObject(bytes: Buffer): JsonObject {
  const value = parseStrictJson(bytes);
  if (isJsonObject(value)) return value;
  throw new StrictJsonError('expected an object', 0);
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readValue(reader: StrictJsonReader, depth: number): JsonValue {
  if (depth > maxDepth) reader.fail(`more than ${maxDepth} levels of nesting`);
  switch (reader.peek()) {
    case 0x7b: {
      const object: JsonObject = {};
      reader.object((key) => {
        object[key] = readValue(reader, depth + 1);
      });
      return object;
    }
    case 0x5b: {
      const array: JsonValue[] = [];
      reader.array(() => {
        array.push(readValue(reader, depth + 1));
      });
      return array;
    }
    case 0x22:
      return reader.string();
    default: {
      const text = reader.literal();
      if (text === 'null') return null;
      return text === 'true' || text === 'false' ? text === 'true' : Number(text);
    }
  }
}
