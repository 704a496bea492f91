import getPort from 'get-port';
import { afterAll, beforeAll } from 'vitest';
import { openQdrantStore } from '../../activities/stores/drivers/qdrantStore.ts';
import {
  findQdrant,
  type QdrantServer,
  qdrantName,
  startQdrant,
} from '../support/stores/qdrantServer.ts';
import { describeMissingStore, describeVectorStore } from './vectorStore.ts';
import { ownLayoutTests } from './vectorStores/ownLayouts.ts';

const missing = findQdrant();
if (missing === null) run();
else describeMissingStore(qdrantName, missing);

function run(): void {
  let server: QdrantServer;
  const open = (url: string, apiKey: string | undefined) =>
    openQdrantStore({ url, stackUrl: null, env: { QDRANT_API_KEY: apiKey } });

  beforeAll(async () => {
    server = await startQdrant();
  });
  afterAll(() => server?.stop());
  describeVectorStore(qdrantName, {
    open: () => open(server.url, server.apiKey),
    openUnreachable: async () => open(`http://127.0.0.1:${await getPort()}`, 'key'),
    ...(process.env.QDRANT_URL && !process.env.QDRANT_API_KEY
      ? {}
      : { openUnauthorized: () => open(server.url, 'wrong') }),
  });
  ownLayoutTests(() => open(server.url, server.apiKey));
}
