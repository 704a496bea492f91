import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { identifySelf, isAlive, type ProcessIdentity } from './procfs.ts';

const identitySchema = z.object({
  pid: z.number().int(),
  startTime: z.number(),
  bootId: z.string(),
});

export interface ProcessLock {
  release(): Promise<void>;
}

/** Either the lock, or the living process that has it. */
export type LockAttempt = { lock: ProcessLock } | { holder: ProcessIdentity };

/**
 * A lock that ends with its process, however that ends: the file names the holder by pid and start
 * time, so neither a crash nor a re-used pid blocks the next one.
 */
export async function tryProcessLock(path: string): Promise<LockAttempt> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const mine = `${JSON.stringify(identifySelf())}\n`;
  for (;;) {
    if (await createLinked(path, mine)) return { lock: { release: () => release(path, mine) } };
    const found = await readText(path);
    if (found === undefined) continue;
    const holder = parseIdentity(found);
    if (holder !== undefined && isAlive(holder)) return { holder };
    await removeStale(path, found);
  }
}

/** The living holder of a lock, if any. */
export async function lockHolder(path: string): Promise<ProcessIdentity | undefined> {
  const holder = parseIdentity((await readText(path)) ?? '');
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** Whether its last holder ended without releasing it, since the machine was started. */
export async function wasAbandoned(path: string): Promise<boolean> {
  const holder = parseIdentity((await readText(path)) ?? '');
  return holder !== undefined && holder.bootId === identifySelf().bootId && !isAlive(holder);
}

/** link(2) makes the name appear with its content or not at all. */
async function createLinked(path: string, content: string): Promise<boolean> {
  const temporary = siblingName(path);
  await writeFile(temporary, content, { flag: 'wx', mode: 0o644 });
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Moves the file aside first: another process may have replaced the stale one a moment ago. */
async function removeStale(path: string, stale: string): Promise<void> {
  const aside = siblingName(path);
  try {
    await rename(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if ((await readText(aside)) !== stale) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

/** Another process may have moved it aside, taking it for a stale one, and be about to bring it back. */
async function release(path: string, mine: string): Promise<void> {
  for (let looks = 0; looks < 20; looks += 1) {
    const found = await readText(path);
    if (found === mine) return rm(path, { force: true });
    if (found !== undefined) return;
    await delay(5);
  }
}

function siblingName(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    return identitySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
