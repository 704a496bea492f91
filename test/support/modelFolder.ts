import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { float32, safetensorsFile } from './safetensorsFile.ts';

export type FolderFiles = Record<string, string | Uint8Array>;

export const tinyConfig = '{"model_type":"bert","architectures":["BertModel"]}';

/** A folder of its own that is gone when the test ends. */
export async function folderForTest(parent = tmpdir()): Promise<string> {
  const folder = await mkdtemp(join(parent, 'berth-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function writeFiles(folder: string, files: FolderFiles): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** A small single-file model; `files` adds to it, `undefined` takes away. */
export async function modelFolder(
  files: Record<string, string | Uint8Array | undefined> = {},
): Promise<string> {
  const folder = await folderForTest();
  const all: Record<string, string | Uint8Array | undefined> = {
    'config.json': tinyConfig,
    'tokenizer.json': '{}',
    'model.safetensors': safetensorsFile({ 'a.weight': float32([4, 8]), 'a.bias': float32([4]) }),
    ...files,
  };
  const present = Object.entries(all).filter(([, content]) => content !== undefined);
  await writeFiles(folder, Object.fromEntries(present) as FolderFiles);
  return folder;
}

/** Files of a model in two shards with its index. */
export function shardedFiles(): Record<string, string | Uint8Array | undefined> {
  const first = 'model-00001-of-00002.safetensors';
  const second = 'model-00002-of-00002.safetensors';
  return {
    'model.safetensors': undefined,
    [first]: safetensorsFile({ 'a.weight': float32([4, 8]) }),
    [second]: safetensorsFile({ 'b.weight': float32([8, 8]), 'b.bias': float32([8]) }),
    'model.safetensors.index.json': JSON.stringify({
      metadata: { total_size: 416 },
      weight_map: { 'a.weight': first, 'b.weight': second, 'b.bias': second },
    }),
  };
}
