import getPort from 'get-port';
import { afterAll, beforeAll } from 'vitest';
import { openChromaStore } from '../../activities/stores/drivers/chromaStore.ts';
import { type ChromaServer, missingChroma, startChroma } from '../support/stores/chromaServer.ts';
import { describeMissingStore, describeVectorStore } from './vectorStore.ts';

const missing = missingChroma();
if (missing !== undefined) describeMissingStore('Chroma', missing);
else {
  let server: ChromaServer;
  beforeAll(async () => {
    server = await startChroma();
  });
  afterAll(() => server?.stop());

  describeVectorStore('Chroma', {
    open: () => openChromaStore({ url: server.url, stackUrl: null, env: {} }),
    openUnreachable: async () => {
      const url = `http://127.0.0.1:${await getPort()}`;
      return openChromaStore({ url, stackUrl: null, env: {} });
    },
  });
}
