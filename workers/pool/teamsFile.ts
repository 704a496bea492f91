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
import type { z } from 'zod';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { TeamsConfig } from '../../workflows/contracts/pool/teams.ts';
import { checkTeams } from '../../workflows/scheduling/events/checkTeams.ts';
import { teamsSchema } from './teamsSchema.ts';

/** Far above the largest organisation; nothing bigger is parsed. */
const maxBytes = 4 * 2 ** 20;

/**
 * Reads a teams file: YAML as in docs/teams.yaml.
 * @throws BerthError InvalidRequest: one line with file, line, field and what was expected
 */
export async function readTeamsFile(path: string): Promise<TeamsConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw berthError('InvalidRequest', `teams file ${path}: cannot be read (${code})`);
  }
  return parseTeams(text, path);
}

/** @param name Of the file, for messages. */
export function parseTeams(text: string, name: string): TeamsConfig {
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
  const fail = (line: number, message: string) =>
    berthError('InvalidRequest', `${name}:${line}: ${message.replace(/\s*\n\s*/g, ' ')}`);
  const lineAt = (offset: number) => Math.max(1, lines.linePos(offset).line);
  const [broken] = document.errors;
  if (broken) throw fail(lineAt(broken.pos[0]), broken.message);
  const twice = repeatedKey(document);
  if (twice) {
    throw fail(lineAt(twice.range?.[0] ?? 0), `${twice.value} is there twice: expected it once`);
  }
  const read = teamsSchema.safeParse(toJson(document, name));
  if (!read.success) {
    const { path, message } = firstIssue(read.error);
    throw fail(lineAt(offsetOf(document, path)), sentence(path, message));
  }
  const problem = checkTeams(read.data);
  if (problem) {
    throw fail(lineAt(offsetOf(document, problem.at)), sentence(problem.at, problem.message));
  }
  return read.data;
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

function firstIssue(error: z.ZodError): { path: string[]; message: string } {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).map(String);
  if (issue?.code === 'unrecognized_keys') {
    return { path: [...path, issue.keys[0] ?? ''], message: 'no such field' };
  }
  return { path, message: issue?.message ?? 'not as expected' };
}

const sentence = (path: string[], message: string): string =>
  path.length === 0
    ? message
    : `${path.join('.')}${message.startsWith('is missing') ? ' ' : ': '}${message}`;

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
