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
