import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findPython, findSampleModel } from '../../activities/platform/python.ts';
import { ingestHost, ingestRequest } from '../support/ingestHost.ts';
import { folderForTest } from '../support/modelFolder.ts';
import { openStaged } from '../support/openStaged.ts';

const artifactId = 'd'.repeat(32);

/** Loads both with stock transformers and compares every parameter and buffer bit by bit. */
const compare = `
import sys, torch
from transformers import AutoModel, AutoTokenizer
original, ours = (AutoModel.from_pretrained(path, local_files_only=True) for path in sys.argv[1:3])
a, b = original.state_dict(), ours.state_dict()
assert list(a) == list(b) and len(a) > 50, (len(a), len(b))
for name in a:
    assert a[name].dtype == b[name].dtype and torch.equal(a[name], b[name]), name
x, y = (AutoTokenizer.from_pretrained(path)("a berth at the quay") for path in sys.argv[1:3])
assert x["input_ids"] == y["input_ids"]
print("equal", len(a))
`;

test('a real model, cut into shards and sealed without quantization, is the model again', async () => {
  const source = findSampleModel();
  const { activities, ...host } = await ingestHost();
  const shardBytes = 20 * 2 ** 20;
  const request = ingestRequest(source, { shardBytes });
  const inspected = await activities.inspectSource({ artifactId, request, listingSha256: '' });
  expect(inspected.tensors).toBeGreaterThan(100);
  expect(inspected.leftOut).toContain('data_config.json');
  const { shards } = await activities.planShards({ artifactId, request });
  expect(shards.length).toBeGreaterThan(2);
  for (const { index } of shards) {
    await activities.assembleShard({ artifactId, index });
    await activities.sealShard({ artifactId, index });
  }
  await activities.sealCarriedFiles({ artifactId, request });

  const opened = await folderForTest('/dev/shm');
  const files = await openStaged(host, artifactId, opened);
  expect(files).toContain('1_Pooling/config.json');
  expect(files).toContain('model.safetensors.index.json');
  for (const { file, maxBytes } of shards) {
    const { size } = statSync(join(opened, file));
    expect(size).toBeLessThanOrEqual(maxBytes);
    // The word embeddings alone are larger than the bound.
    if (size > shardBytes) expect(size).toBeGreaterThan(30_522 * 384 * 4);
  }
  expect(existsSync(join(opened, 'model.safetensors'))).toBe(false);
  const said = execFileSync(findPython(), ['-c', compare, source, opened], { encoding: 'utf8' });
  expect(said).toMatch(/^equal \d+$/m);
});
