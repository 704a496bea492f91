import getPort from 'get-port';
import { afterAll, beforeAll } from 'vitest';
import { openWeaviateStore } from '../../activities/stores/drivers/weaviateStore.ts';
import {
  buildTimeout,
  findWeaviate,
  startWeaviate,
  type WeaviateServer,
} from '../support/stores/weaviateServer.ts';
import { describeMissingStore, describeVectorStore } from './vectorStore.ts';
import { ownLayoutTests } from './vectorStores/ownLayouts.ts';

const missing = findWeaviate();
if (missing === null) run();
else describeMissingStore('Weaviate', missing);

function run(): void {
  let server: WeaviateServer;
  const open = (url: string, apiKey: string) =>
    openWeaviateStore({ url, stackUrl: null, env: { WEAVIATE_API_KEY: apiKey } });

  beforeAll(async () => {
    server = await startWeaviate();
  }, buildTimeout);
  afterAll(() => server?.stop());
  describeVectorStore('Weaviate', {
    open: () => open(server.url, server.apiKey),
    openUnreachable: async () => open(`http://127.0.0.1:${await getPort()}`, server.apiKey),
    openUnauthorized: () => open(server.url, 'wrong'),
  });
  ownLayoutTests(() => open(server.url, server.apiKey));
}
