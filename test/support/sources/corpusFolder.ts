import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A folder for one test, with a scratch beside the corpus. */
export async function corpusFolder(): Promise<{ folder: string; scratch: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'berth-corpus-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return { folder, scratch: join(folder, 'scratch') };
}
