import { StrictJsonReader } from './strictJson.ts';

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

const maxDepth = 64;
const jsonLiteral = /^(true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/;
const pythonLiteral = /^(NaN|-?Infinity|true|false|null|-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?)$/;

export interface StrictJsonOptions {
  /** Also accept NaN, Infinity and -Infinity, which Python's json writes. */
  pythonNumbers?: boolean;
}

/**
 * Parses a whole JSON text strictly: duplicate keys, `__proto__`, trailing bytes, lone surrogates
 * and more than 64 levels are refused, where JSON.parse would pick one reading silently.
 * @throws StrictJsonError
 */
export function parseStrictJson(bytes: Buffer, options: StrictJsonOptions = {}): JsonValue {
  const reader = new StrictJsonReader(bytes);
  const value = readValue(reader, 0, options.pythonNumbers === true);
  reader.end();
  return value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readValue(reader: StrictJsonReader, depth: number, python: boolean): JsonValue {
  if (depth > maxDepth) reader.fail(`more than ${maxDepth} levels of nesting`);
  switch (reader.peek()) {
    case 0x7b: {
      const object: JsonObject = {};
      reader.object((key) => {
        object[key] = readValue(reader, depth + 1, python);
      });
      return object;
    }
    case 0x5b: {
      const array: JsonValue[] = [];
      reader.array(() => {
        array.push(readValue(reader, depth + 1, python));
      });
      return array;
    }
    case 0x22:
      return reader.string();
    default: {
      const text = reader.literal(python ? pythonLiteral : jsonLiteral);
      if (text === 'null') return null;
      return text === 'true' || text === 'false' ? text === 'true' : Number(text);
    }
  }
}
