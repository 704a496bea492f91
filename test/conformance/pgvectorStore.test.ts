import getPort from 'get-port';
import { afterAll } from 'vitest';
import { openPgvectorStore } from '../../activities/stores/drivers/pgvectorStore.ts';
import { findPostgres } from '../support/stores/postgresInstallation.ts';
import { startPostgres } from '../support/stores/postgresServer.ts';
import { describeMissingStore, describeVectorStore } from './vectorStore.ts';

const found = findPostgres();

if (typeof found === 'string') {
  describeMissingStore('pgvector', found);
} else {
  const server = await startPostgres();
  afterAll(() => server.stop());

  const nobody = `postgres://berth@127.0.0.1:${await getPort()}/postgres`;
  const open = (url: string, env: NodeJS.ProcessEnv) =>
    openPgvectorStore({ url, stackUrl: null, env });

  describeVectorStore('pgvector', {
    open: () => open(server.url, server.env),
    openUnreachable: () => open(nobody, server.env),
    openUnauthorized: () => open(server.url, { PGPASSWORD: 'another' }),
  });
}
