import { test } from 'vitest';
import { openWeaviateStore } from '../../../activities/stores/drivers/weaviateStore.ts';
import { buildTimeout, findWeaviate, startWeaviate } from '../../support/stores/weaviateServer.ts';
import { restartTests } from './restarts.ts';

const missing = findWeaviate();
if (missing === null) {
  const open = ({ url, apiKey }: { url: string; apiKey: string }) =>
    openWeaviateStore({
      url,
      stackUrl: null,
      env: { WEAVIATE_API_KEY: apiKey },
      // Its client tries until then.
      timeoutMs: 2_000,
    });
  restartTests(startWeaviate, open, buildTimeout);
} else {
  test('Weaviate comes back', ({ skip }) => skip(missing));
}
