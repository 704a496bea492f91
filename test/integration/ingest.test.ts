import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createKeyfileProvider,
  keyfilePath,
} from '../../activities/artifacts/keys/keyfileProvider.ts';
import { openDataKey } from '../../activities/artifacts/keys/wraps.ts';
import { findPython, findSampleModel } from '../../activities/platform/python.ts';
import { connect } from '../../workers/client/index.ts';
import { recordHistories } from '../support/histories.ts';
import { filesBelow, holdsKey, processTexts } from '../support/secrets.ts';
import { startTestStack, type TestStack } from '../support/stack.ts';

/** The main job on real components: a real model through a real server, bitsandbytes and FLOE. */

let stack: TestStack;
let folder: string;
let source: string;

interface Ingested {
  workflowId: string;
  artifact: string;
  ref: string;
  contentDigest: string;
  sourceBytes: number;
  modelBytes: number;
  storedBytes: number;
  shards: number;
  gate: { metric: string; mean: number; min: number; threshold: number; passed: boolean } | null;
  stages: { name: string; seconds: number; bytes: number }[];
}
let ingested: Ingested;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-ingest-'));
  source = join(folder, 'all-MiniLM-L6-v2');
  await cp(findSampleModel(), source, { recursive: true });
  stack = await startTestStack({ BERTH_SOURCES: folder });
  ingested = await stack.json<Ingested>('ingest', source, '--name', 'minilm');
});
afterAll(async () => {
  await stack?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('an ingested model', () => {
  test('is quantized, gated and smaller than its source', () => {
    expect(ingested.artifact).toMatch(/^minilm@sha256:[0-9a-f]{64}$/);
    expect(ingested.workflowId).toMatch(/^ingest\/minilm\/latest\/[0-9a-f]{10}$/);
    expect(ingested.ref).toBe('minilm:latest');
    expect(ingested.gate).toMatchObject({ metric: 'cosine', threshold: 0.95, passed: true });
    expect(ingested.gate?.mean).toBeGreaterThan(0.95);
    expect(ingested.modelBytes).toBeLessThan(ingested.sourceBytes * 0.7);
    expect(ingested.stages.map((stage) => stage.name)).toEqual([
      'inspect',
      'quantize',
      'seal',
      'gate',
      'publish',
    ]);
  });

  test('is listed, shown and verified', async () => {
    const models = await stack.json<{ models: { name: string }[] }>('models');
    expect(JSON.stringify(models)).toContain('minilm');
    const shown = await stack.json('show', 'minilm');
    expect(JSON.stringify(shown)).toContain(ingested.contentDigest);
    const verified = await stack.json('verify', ingested.artifact);
    expect(verified).toMatchObject({ ok: true, failures: [] });
  });

  test('is warm already, and a second warm shares the copy', async () => {
    const first = await stack.json<{ path: string; bytes: number }>('warm', 'minilm');
    expect(first.bytes).toBe(ingested.modelBytes);
    const again = await stack.json<{ path: string; seconds: number }>('warm', ingested.artifact);
    expect(again.path).toBe(first.path);
    const { ino } = await stat(join(first.path, 'model.safetensors'));
    expect((await stat(join(again.path, 'model.safetensors'))).ino).toBe(ino);
  });

  test('loads with stock transformers and passes model_signing', async () => {
    const { path } = await stack.json<{ path: string }>('warm', 'minilm');
    const python = findPython();
    const program = [
      'import sys, torch',
      'from transformers import AutoModel, AutoTokenizer',
      'model = AutoModel.from_pretrained(sys.argv[1])',
      'tokens = AutoTokenizer.from_pretrained(sys.argv[1])(["a ship in port"], return_tensors="pt")',
      'out = model(**tokens).last_hidden_state',
      'assert torch.isfinite(out).all()',
      'print(type(model).__name__, model.is_loaded_in_4bit)',
    ].join('\n');
    const env = { HF_HUB_OFFLINE: '1' };
    const loaded = await execa(python, ['-c', program, path], { env });
    expect(loaded.stdout.trim().split('\n').at(-1)).toBe('BertModel True');
    const [key] = await readdir(join(stack.home, 'trust')).then((names) =>
      names.filter((name) => name.endsWith('.pem')),
    );
    const verify = await execa(python, [
      ...['-m', 'model_signing', 'verify', 'key', path],
      ...['--signature', join(path, 'model.sig'), '--public_key', join(stack.home, 'trust', key!)],
    ]);
    expect(verify.stdout + verify.stderr).toContain('succeeded');
  });

  test('is exported as a plain folder', async () => {
    const target = join(folder, 'exported');
    await stack.json('export', 'minilm', target);
    expect(await readdir(target)).toEqual(
      expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json', 'model.sig']),
    );
  });

  test('is found under another tag, kept while that tag names it, and removed by force', async () => {
    await stack.json('tag', 'minilm', 'stable');
    const refused = await stack.run('remove', 'minilm:stable', '--yes', '--json');
    expect(refused.code).toBe(1);
    expect(refused.stdout).toContain('ModelInUse');
  });

  test('is asked for again: the same request has the same id and the same content', async () => {
    const again = await stack.json<Ingested>('ingest', source, '--name', 'minilm');
    expect(again.workflowId).toBe(ingested.workflowId);
    expect(again.contentDigest).toBe(ingested.contentDigest);
    expect(again.artifact).not.toBe(ingested.artifact);
  });

  test('leaves nothing in staging, scratch or candidates', async () => {
    expect(await readdir(join(stack.home, 'store', 'staging'))).toEqual([]);
    for (const name of ['scratch', 'candidates']) {
      expect(await readdir(join(stack.shm, name)).catch(() => [])).toEqual([]);
    }
  });
});

test('keys appear in no history, log, argv, environment, nor in any file but their own', async () => {
  const manifest = JSON.stringify(await stack.json('show', 'minilm'));
  const artifactId = /"artifactId":"([0-9a-f]{32})"/.exec(manifest)?.[1] ?? '';
  const keys = await readKeys(stack.home, artifactId);
  const searched: string[] = [];
  for (const path of [...(await filesBelow(stack.home)), ...(await filesBelow(stack.shm))]) {
    if (path.startsWith(join(stack.home, 'keys'))) continue;
    searched.push(path);
    expect(holdsKey(await readFile(path), keys), path).toBe(false);
  }
  // The server's database holds every history; the logs every line that was written.
  expect(searched.some((path) => path.endsWith('temporal.db'))).toBe(true);
  expect(searched.some((path) => path.endsWith('.log'))).toBe(true);
  const processes = await processTexts(stack.home);
  expect(processes.length).toBeGreaterThan(3);
  for (const { pid, text } of processes) expect(holdsKey(text, keys), pid).toBe(false);
});

test('a model is brought in as it is, over several shards', async () => {
  const plain = await stack.json<Ingested>(
    ...['ingest', source, '--name', 'team/plain', '--quantize', 'none', '--shard-size', '20MiB'],
  );
  expect(plain.gate).toBeNull();
  expect(plain.shards).toBeGreaterThan(3);
  const { path } = await stack.json<{ path: string }>('warm', 'team/plain');
  const index = JSON.parse(await readFile(join(path, 'model.safetensors.index.json'), 'utf8'));
  expect(new Set(Object.values(index.weight_map)).size).toBe(plain.shards);
  const evicted = await stack.json<{ evicted: boolean }>('evict', 'team/plain');
  expect(evicted.evicted).toBe(true);
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

test('a gate that is not met publishes nothing', async () => {
  const failed = await stack.run(
    ...['ingest', source, '--name', 'too-strict', '--gate-min-cosine', '0.9999', '--json'],
  );
  expect(failed.code).toBe(1);
  expect(JSON.parse(failed.stdout).error.type).toBe('AccuracyGateFailed');
  expect((await stack.run('show', 'too-strict', '--json')).code).toBe(2);
});

test('a detached job is followed from elsewhere, and one that is cancelled leaves nothing', async () => {
  const options = ['--name', 'cancelled', '--quantize', 'int8', '--detach'];
  const { workflowId } = await stack.json<{ workflowId: string }>('ingest', source, ...options);
  await stack.json('cancel', workflowId);
  const watched = await stack.run('watch', workflowId, '--json');
  expect(watched.code).toBe(1);
  expect((await stack.run('show', 'cancelled', '--json')).code).toBe(2);
  expect(await readdir(join(stack.home, 'store', 'staging'))).toEqual([]);
});

test('the TypeScript client does the same', async () => {
  const berth = await connect({ home: stack.home, env: { ...process.env, ...stack.env } });
  try {
    const model = await berth.show('minilm');
    expect(JSON.stringify(model)).toContain(ingested.contentDigest);
    const { path, reused } = await berth.warm('minilm');
    expect(reused).toBe(true);
    expect(path.startsWith(stack.shm)).toBe(true);
  } finally {
    await berth.close();
  }
});

test('a truncated source is refused in one line that names the file', async () => {
  const broken = join(folder, 'broken');
  await cp(source, broken, { recursive: true });
  const weights = join(broken, 'model.safetensors');
  await writeFile(weights, (await readFile(weights)).subarray(0, 1_000_000));
  const refused = await stack.run('ingest', broken, '--name', 'broken');
  expect(refused.code).toBe(2);
  expect(refused.stderr.trim().split('\n').at(-1)).toContain('model.safetensors');
});

test.runIf(process.env.BERTH_RECORD_HISTORIES)(
  'histories are recorded for the replay test',
  async () => {
    await stack.json('export', 'minilm', join(folder, 'for-history'));
    await stack.json('remove', 'team/plain', '--yes');
    await stack.json('sweep', '--yes');
    const { server } = await stack.json<{ server: { address: string } }>('status');
    expect(await recordHistories(server.address)).toEqual(
      expect.arrayContaining(['ingestModelWorkflow-minilm', 'ingestModelWorkflow-cancelled']),
    );
  },
);

/** The key-encryption key, and the artifact's data key unwrapped with it. */
async function readKeys(home: string, artifactId: string): Promise<Buffer[]> {
  const keys = join(home, 'keys');
  const wraps = join(home, 'store', 'wraps', `${artifactId}.json`);
  const providers = [createKeyfileProvider(keys)];
  const dataKey = await openDataKey(providers, wraps, artifactId, await readFile(wraps));
  return [await readFile(keyfilePath(keys)), dataKey];
}
