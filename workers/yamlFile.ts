import { readFile } from 'node:fs/promises';
import {
  type Document,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  parseDocument,
  type Scalar,
  visit,
} from 'yaml';
import { type BerthError, berthError } from '../workflows/contracts/errors.ts';

/** Far above what a person writes; nothing bigger is parsed. */
const maxBytes = 4 * 2 ** 20;

/** A YAML file that is well formed; what it says is checked by whoever reads it. */
export interface YamlFile {
  value: unknown;
  /** A failure of the field at `path`, in one line with the file's name and the line. */
  failAt(path: string[], message: string): BerthError;
}

/**
 * @param what Such as `teams file`.
 * @throws BerthError InvalidRequest when it cannot be read, or as `parseYaml`
 */
export async function readYamlFile(path: string, what: string): Promise<YamlFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw berthError('InvalidRequest', `${what} ${path}: cannot be read (${code})`);
  }
  return parseYaml(text, path);
}

/**
 * @param name Of the file, for messages.
 * @throws BerthError InvalidRequest: one line with file, line and what is wrong
 */
export function parseYaml(text: string, name: string): YamlFile {
  if (Buffer.byteLength(text) > maxBytes) {
    throw berthError('InvalidRequest', `${name}: expected at most ${maxBytes} bytes`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    // Found below, as the parser would name neither the key nor its line.
    uniqueKeys: false,
  });
  const fail = (offset: number, message: string) => {
    const line = Math.max(1, lines.linePos(offset).line);
    return berthError('InvalidRequest', `${name}:${line}: ${message.replace(/\s*\n\s*/g, ' ')}`);
  };
  const [broken] = document.errors;
  if (broken) throw fail(broken.pos[0], broken.message);
  const twice = repeatedKey(document);
  if (twice) {
    throw fail(twice.range?.[0] ?? 0, `${twice.value} is there twice: expected it once`);
  }
  return {
    value: toJson(document, name),
    failAt: (path, message) => fail(offsetOf(document, path), message),
  };
}

function repeatedKey(document: Document): Scalar | undefined {
  let repeated: Scalar | undefined;
  visit(document, {
    Map(_key, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(String(key.value))) {
          repeated = key;
          return visit.BREAK;
        }
        seen.add(String(key.value));
      }
      return undefined;
    },
  });
  return repeated;
}

/** Aliases that multiply into millions of nodes are refused by the parser. */
function toJson(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw berthError('InvalidRequest', `${name}: ${(error as Error).message}`);
  }
}

/** Where the field stands, or, when it is missing, what it is missing in. */
function offsetOf(document: Document, path: string[]): number {
  let at: unknown = document.contents;
  let offset = 0;
  for (const name of path) {
    if (!isMap(at)) break;
    const pair = at.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    if (!pair) break;
    offset = (isNode(pair.key) && pair.key.range?.[0]) || offset;
    at = pair.value;
  }
  return offset;
}
