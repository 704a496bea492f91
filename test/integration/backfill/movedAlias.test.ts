import { afterAll, beforeAll, expect, test } from 'vitest';
import { createHostRig, lancedb, recordsOf } from '../../support/backfill/hostJob.ts';
import { startFakeEmbeddingEndpoint } from '../../support/fakeEmbeddingEndpoint.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

let endpoint: Awaited<ReturnType<typeof startFakeEmbeddingEndpoint>>;
let rig: ReturnType<typeof createHostRig>;
beforeAll(async () => {
  endpoint = await startFakeEmbeddingEndpoint(16);
  rig = createHostRig(temporaryFolder('moved-alias'), endpoint.url);
});
afterAll(async () => {
  await rig.close();
  await endpoint.stop();
});

test('a collection that is rolled back while it is brought up to date fails the job', async () => {
  rig.write(recordsOf(5));
  await rig.end(await rig.begin());
  await rig.end(await rig.begin({ rebuild: true }));
  rig.write(recordsOf(7));
  const job = await rig.begin();
  expect(job.targets).toMatchObject([{ physical: 'docs-v2', inPlace: true }]);
  const move = (to: string) =>
    rig.activities.switchAlias({ store: lancedb, collection: 'docs', to });
  await move('docs-v1');
  await expect(rig.verify(job)).rejects.toMatchObject({
    type: 'VerificationFailed',
    message: expect.stringMatching(/^docs: lancedb names docs-v1 instead of docs-v2 [^\n]*again$/),
  });
  await move('docs-v2');
  expect(await rig.verify(job)).toMatchObject({ ok: true, points: 7 });
});

test('a rollback during a job that makes a new version stays, and so does what it names', async () => {
  const at = async () => {
    const [found] = await rig.activities.listCollections({ stores: [lancedb] });
    return [found?.current, ...(found?.versions ?? []).map(({ physical }) => physical)];
  };
  expect(await at()).toEqual(['docs-v2', 'docs-v2', 'docs-v1']);
  const job = await rig.begin({ rebuild: true, keepPrevious: 0 });
  const back = { store: lancedb, collection: 'docs', from: 'docs-v2', to: 'docs-v1' };
  await rig.activities.switchAlias(back);
  expect(await rig.verify(job)).toMatchObject({ ok: true });
  await expect(rig.end(job)).rejects.toMatchObject({
    type: 'VerificationFailed',
    message: expect.stringMatching(/^docs: lancedb names docs-v1 instead of docs-v2 [^\n]*again$/),
  });
  const [step] = rig.steps(job);
  await rig.activities.abandonCollection(step!);
  expect(await at()).toEqual(['docs-v1', 'docs-v2', 'docs-v1']);
  // After the switch: what the alias names does not go, whatever is to be kept.
  const next = await rig.begin({ rebuild: true });
  expect(await rig.end(next)).toMatchObject({ dropped: ['docs-v2'] });
  expect((await at())[0]).toBe('docs-v3');
  await rig.activities.switchAlias({ ...back, from: 'docs-v3', to: 'docs-v1' });
  const [tidied] = rig.steps(next);
  const { dropped } = await rig.activities.dropOldCollections({ ...tidied!, keepPrevious: 0 });
  expect(dropped).toEqual([]);
  expect(await at()).toEqual(['docs-v1', 'docs-v3', 'docs-v1']);
});
