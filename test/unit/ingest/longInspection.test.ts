import { existsSync } from 'node:fs';
import { open, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { describe, expect, test } from 'vitest';
import type { ActivityProgress } from '../../../workflows/contracts/ingest.ts';
import { ingestHost, ingestRequest } from '../../support/ingestHost.ts';
import { modelFolder } from '../../support/modelFolder.ts';
import { rawSafetensors } from '../../support/safetensorsFile.ts';

const artifactId = 'c'.repeat(32);
/** Sparse, so that it takes no room; long enough to read that there is time to interfere. */
const dataBytes = 8 * 2 ** 30;

/** Inspects a model of 8 GiB inside an activity, and calls `interfere` at its first heartbeat. */
async function inspectLarge(
  interfere: (file: string, environment: MockActivityEnvironment) => Promise<unknown>,
) {
  const tensor = { dtype: 'F32', shape: [dataBytes / 4], data_offsets: [0, dataBytes] };
  const header = rawSafetensors(JSON.stringify({ w: tensor }), Buffer.alloc(0));
  const source = await modelFolder({ 'model.safetensors': header });
  const file = join(source, 'model.safetensors');
  await truncate(file, header.length + dataBytes);
  const { activities, paths } = await ingestHost();
  const environment = new MockActivityEnvironment(undefined, {
    logger: new DefaultLogger('ERROR'),
  });
  const beats: ActivityProgress[] = [];
  const interfered: Promise<unknown>[] = [];
  environment.on('heartbeat', (details: ActivityProgress) => {
    beats.push(details);
    if (beats.length === 1) interfered.push(interfere(file, environment));
  });
  const request = ingestRequest(source);
  const input = { artifactId, request, listingSha256: '' };
  const outcome = await environment
    .run(activities.inspectSource, input)
    .then(() => undefined)
    .catch((error: unknown) => error);
  await Promise.all(interfered);
  expect(existsSync(paths.staging(artifactId).inspection)).toBe(false);
  return { outcome, beats };
}

const overwrite = async (file: string) => {
  const handle = await open(file, 'r+');
  await handle.write(Buffer.alloc(4), 0, 4, 4096);
  await handle.truncate(8192);
  await handle.close();
};

describe('an inspection under way', () => {
  test('heartbeats its bytes and stops when it is cancelled', async () => {
    const { outcome, beats } = await inspectLarge(async (_, environment) => environment.cancel());
    expect(outcome).toMatchObject({ name: 'CancelledFailure' });
    const first = beats[0];
    expect(first?.totalBytes).toBeGreaterThan(dataBytes);
    expect(first?.bytes).toBeGreaterThan(0);
    expect(beats.at(-1)?.bytes).toBeLessThan(dataBytes);
  });

  test.each([
    ['truncated', (file: string) => truncate(file, 4096)],
    ['written to and cut', overwrite],
  ])('names the file that was %s', async (_, interfere) => {
    const { outcome } = await inspectLarge(interfere);
    expect(outcome).toMatchObject({
      type: 'SourceChanged',
      message: expect.stringMatching(/^model\.safetensors: /),
    });
  });
});
