import { test } from 'vitest';
import { openQdrantStore } from '../../../activities/stores/drivers/qdrantStore.ts';
import { findQdrantSidecar, startQdrantSidecar } from '../../support/stores/qdrantServer.ts';
import { restartTests } from './restarts.ts';

const missing = findQdrantSidecar();
if (missing === null) {
  restartTests(startQdrantSidecar, ({ url, apiKey }) =>
    openQdrantStore({ url, stackUrl: null, env: { QDRANT_API_KEY: apiKey } }),
  );
} else {
  test('Qdrant comes back', ({ skip }) => {
    if (process.env.CI) throw new Error(missing);
    skip(missing);
  });
}
