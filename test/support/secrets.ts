import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Every way in which 32 bytes are commonly written down. */
export function spellings(key: Buffer): Buffer[] {
  return [
    key,
    Buffer.from(key.toString('hex')),
    Buffer.from(key.toString('hex').toUpperCase()),
    Buffer.from(key.toString('base64').replace(/=+$/, '')),
    Buffer.from(key.toString('base64url')),
    // A payload's JSON is base64 once more; a Buffer's JSON is a list of numbers.
    Buffer.from([...key].join(',')),
  ];
}

export function holdsKey(haystack: Buffer, keys: Buffer[]): boolean {
  return keys.some((key) => spellings(key).some((needle) => haystack.includes(needle)));
}

/** argv and environment of every process whose environment names `home`. */
export async function processTexts(home: string): Promise<{ pid: string; text: Buffer }[]> {
  const texts: { pid: string; text: Buffer }[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (file: string) => readFile(join('/proc', pid, file)).catch(() => Buffer.alloc(0));
    const text = Buffer.concat([await read('cmdline'), await read('environ')]);
    if (text.includes(home)) texts.push({ pid, text });
  }
  return texts;
}

export async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
