import getPort from 'get-port';
import { afterAll, beforeAll } from 'vitest';
import { openWeaviateStore } from '../../activities/stores/drivers/weaviateStore.ts';
import {
  findWeaviate,
  startWeaviate,
  type WeaviateServer,
} from '../support/stores/weaviateServer.ts';
import { describeMissingStore, describeVectorStore } from './vectorStore.ts';

const missing = missingWeaviate();
if (missing === null) run();
else describeMissingStore('Weaviate', missing);

function missingWeaviate(): string | null {
  try {
    // In CI the build was started before the tests: it is waited for.
    findWeaviate(Boolean(process.env.CI));
    return null;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    return `no Weaviate server: npm run stores:weaviate builds one with Go (${stderr?.trim() || 'it is not built'})`;
  }
}

function run(): void {
  let server: WeaviateServer;
  const open = (url: string, apiKey: string) =>
    openWeaviateStore({ url, stackUrl: null, env: { WEAVIATE_API_KEY: apiKey } });

  beforeAll(async () => {
    server = await startWeaviate();
  });
  afterAll(() => server?.stop());
  describeVectorStore('Weaviate', {
    open: () => open(server.url, server.apiKey),
    openUnreachable: async () => open(`http://127.0.0.1:${await getPort()}`, server.apiKey),
    openUnauthorized: () => open(server.url, 'wrong'),
  });
}
