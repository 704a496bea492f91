import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findPython } from '../../activities/platform/python.ts';

const script = fileURLToPath(new URL('tinyModel.py', import.meta.url));

/**
 * Folder of a small random BERT with its tokenizer: 20 MB of weights, five or more shards of
 * `--shard-size 4MiB` as it is and of 1MiB quantized. Made once for a version of the script; not to
 * be written to.
 * @param hiddenSize length of its vectors; 256 makes the model of that size
 */
export async function tinyModel(hiddenSize = 256): Promise<string> {
  const hash = createHash('sha256')
    .update(await readFile(script))
    .digest('hex');
  const folder = join(
    packageRoot(),
    'node_modules',
    '.cache',
    'berth-test',
    `${hash.slice(0, 16)}-${hiddenSize}`,
  );
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const half = await mkdtemp(`${folder}.`);
  try {
    await execa(findPython(), [script, half, String(hiddenSize)], { env: { HF_HUB_OFFLINE: '1' } });
    await rename(half, folder);
  } catch (error) {
    // Another test file may have been quicker: a folder that is not empty is not replaced.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return folder;
}
