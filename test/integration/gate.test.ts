import { randomBytes } from 'node:crypto';
import { cp, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';
import { findPython } from '../../activities/platform/python.ts';
import { deviceRig, leaseOf } from '../support/deviceRig.ts';
import { ingestRequest } from '../support/ingestHost.ts';
import { temporaryFolder } from '../support/temporaryFolder.ts';
import { tinyModel } from '../support/tinyModel.ts';

/** The accuracy gate's measurements, by the real bridge on real (tiny) models. */

const work = temporaryFolder('gate');
beforeAll(async () => {
  const script = join(import.meta.dirname, '../support/bridge/gateModels.py');
  await execa(findPython(), [script, work]);
}, 300_000);

/** Inspects `source` and compares candidates with it, all on one bridge. */
async function gateOf(source: string, kind: 'encoder' | 'causal-lm') {
  const rig = await deviceRig();
  const artifactId = randomBytes(16).toString('hex');
  const request = ingestRequest(source, { quantize: 'nf4' });
  await rig.activities.inspectSource({ artifactId, request, listingSha256: '' });
  const compare = (candidate: string, calibration?: string) =>
    rig.device.evaluateGate({
      artifactId,
      lease: leaseOf(1),
      source,
      candidate,
      kind,
      quantize: 'nf4',
      thresholds: {},
      calibration,
    });
  return { rig, compare };
}

test('a causal model without a tokenizer: equal, off, and not finite', {
  timeout: 300_000,
}, async () => {
  const { compare } = await gateOf(join(work, 'original'), 'causal-lm');
  const same = await compare(join(work, 'same'));
  expect(same).toMatchObject({ metric: 'kl', passed: true, samples: 280, perplexityIncrease: 0 });
  expect(same.mean).toBeCloseTo(0, 9);
  const noisy = await compare(join(work, 'noisy'));
  expect(noisy.mean).toBeGreaterThan(1e-4);
  expect(noisy.min).toBeGreaterThan(noisy.mean);
  expect(noisy.perplexityIncrease).not.toBe(0);
  await expect(compare(join(work, 'nan'))).rejects.toMatchObject({
    type: 'AccuracyGateFailed',
    message: expect.stringMatching(/the candidate are not finite/),
  });
});

test('an encoder with its tokenizer, and calibration text of one’s own', {
  timeout: 300_000,
}, async () => {
  const model = join(work, 'encoder');
  await cp(await tinyModel(), model, { recursive: true });
  const { rig, compare } = await gateOf(model, 'encoder');
  const { folder } = await rig.quantize(model, { quantize: 'nf4' });
  for (const file of ['tokenizer.json', 'tokenizer_config.json']) {
    await cp(join(model, file), join(folder, file));
  }
  const text = join(work, 'calibration.txt');
  await writeFile(text, '\ufeffThe first line.\n\n  And a second one, rather longer.  \n');
  const report = await compare(folder, text);
  expect(report).toMatchObject({ metric: 'cosine', threshold: 0.95, samples: 2 });
  expect(report.mean).toBeGreaterThan(0.9);
  expect(report.mean).toBeLessThan(0.99999);
  expect(report.min).toBeLessThanOrEqual(report.mean);

  await writeFile(text, ' \n\n');
  await expect(compare(folder, text)).rejects.toMatchObject({
    type: 'InvalidRequest',
    message: expect.stringMatching(/calibration\.txt: holds no text/),
  });
  await writeFile(text, Buffer.from([0x41, 0xff, 0x42]));
  await expect(compare(folder, text)).rejects.toThrow(/is not UTF-8 at byte 1/);
  await expect(compare(folder, join(work, 'absent.txt'))).rejects.toThrow(
    /absent\.txt: cannot be read/,
  );

  // The source changes between inspection and gate.
  await rename(join(model, 'model.safetensors'), join(model, 'old'));
  await cp(join(model, 'old'), join(model, 'model.safetensors'));
  await expect(compare(folder)).rejects.toMatchObject({ type: 'SourceChanged' });
});
