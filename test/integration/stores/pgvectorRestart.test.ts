import { describe } from 'vitest';
import { openPgvectorStore } from '../../../activities/stores/drivers/pgvectorStore.ts';
import { findPostgres } from '../../support/stores/postgresInstallation.ts';
import { startPostgres } from '../../support/stores/postgresServer.ts';
import { restartTests } from './restarts.ts';

const found = findPostgres();
const missing = typeof found === 'string' && !process.env.CI ? found : undefined;

describe.skipIf(missing !== undefined)(`pgvector restarts${missing ? ` (${missing})` : ''}`, () => {
  restartTests(
    async () => {
      const server = await startPostgres();
      return { ...server, kill: server.crash };
    },
    ({ url, env }) => openPgvectorStore({ url, stackUrl: null, env }),
  );
});
