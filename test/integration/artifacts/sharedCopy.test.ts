import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openModel } from '../../../activities/artifacts/openModel.ts';
import { createWork } from '../../../activities/artifacts/work.ts';
import { findPython, findSampleModel } from '../../../activities/platform/python.ts';
import { type ArtifactHome, createArtifactHome } from '../../support/artifactHome.ts';

/**
 * Loads a folder with stock transformers, reads every weight, says so, and answers each line on
 * stdin with the proportional set size (kB) of its mappings of the weights.
 */
const consumer = `
import sys, torch, transformers
torch.set_num_threads(1)
weights = sys.argv[1] + '/model.safetensors'
model = transformers.AutoModel.from_pretrained(sys.argv[1])
mappings = [line.split()[0].split('-') for line in open('/proc/self/maps') if weights in line]
mappings = [(int(a, 16), int(b, 16)) for a, b in mappings]
private = [n for n, p in model.named_parameters()
           if not any(a <= p.data_ptr() < b for a, b in mappings)]
with torch.no_grad():
    for p in model.parameters():
        p.sum()
print('loaded', len(private), flush=True)
for _ in sys.stdin:
    pss, ours = 0, False
    for line in open('/proc/self/smaps'):
        if '-' in line.split()[0]:
            ours = weights in line
        elif ours and line.startswith('Pss:'):
            pss += int(line.split()[1])
    print(pss, flush=True)
`;

type Consumer = {
  process: ChildProcessByStdio<Writable, Readable, null>;
  next(): Promise<string>;
};

function startConsumer(folder: string): Consumer {
  const child = spawn(findPython(), ['-c', consumer, folder], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', TQDM_DISABLE: '1' },
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    process: child,
    async next() {
      const { value, done } = await lines.next();
      if (done) throw new Error('the consumer ended');
      return value;
    },
  };
}

async function stop({ process: child }: Consumer): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin.end();
  await exited;
}

let home: ArtifactHome;
const consumers: Consumer[] = [];
beforeEach(async () => {
  home = await createArtifactHome({ minimumResidencyMs: 0 });
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map(stop));
  await home.remove();
});

test('three Python processes with stock transformers share one copy, which counts until they end', async () => {
  const sample = findSampleModel();
  const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
  const files = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(sample, name))])),
  );
  const { contentDigest } = await home.ingest(files);
  const artifacts = home.reopen({ shmBudget: 150_000_000 });
  const { manifest } = await artifacts.catalogue.resolve('acme/mini');
  const work = createWork();
  const open = (folder: string) => openModel(artifacts, manifest, folder, work);
  const options = { pin: false, lock: false };
  const { path } = await artifacts.warmCopies.warm(manifest, options, open, work);

  consumers.push(startConsumer(path), startConsumer(path), startConsumer(path));
  for (const each of consumers) expect(await each.next()).toBe('loaded 0');
  const pss = await Promise.all(
    consumers.map((each) => {
      each.process.stdin.write('\n');
      return each.next();
    }),
  );
  const total = pss.reduce((sum, kilobytes) => sum + Number(kilobytes) * 1024, 0);
  const one = files['model.safetensors']?.length ?? 0;
  expect(total).toBeLessThan(1.05 * one);
  expect(total).toBeGreaterThan(0.9 * one);

  const evicted = await artifacts.warmCopies.evict(contentDigest);
  expect(evicted.stillMappedBytes).toBe(one);
  const again = () => artifacts.warmCopies.warm(manifest, options, open, createWork());
  await expect(again()).rejects.toMatchObject({ type: 'NotWarmable' });
  await Promise.all(consumers.splice(0).map(stop));
  await expect(again()).resolves.toMatchObject({ reused: false });
});
