import { rm } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import { createPaths, type Paths } from '../../../activities/platform/paths.ts';
import { connect } from '../../../workers/client/connect.ts';
import type { PoolClient } from '../../../workers/client/pool/poolClient.ts';
import { connectLazily } from '../../../workers/pool/poolServer.ts';
import { requireStack } from '../../../workers/supervisor/stack.ts';
import type { PoolConfig } from '../../../workflows/contracts/pool/messages.ts';
import { startTestStack, type TestStack } from '../stack.ts';
import { type Journal, openJournal } from './journal.ts';
import { createJournallingPython } from './journallingPython.ts';
import { type ProcessWatch, watchProcesses } from './processWatch.ts';
import { startUserWorker, type UserWorker } from './userWorker.ts';

/** Short, so that what takes people minutes takes seconds here. */
export const churnTimes = {
  heartbeatMs: 500,
  hostLapseMs: 4_000,
  leaseLifeMs: 6_000,
  graceMs: 1_000,
  minRunMs: 500,
  agingMs: 5_000,
} as const satisfies Partial<PoolConfig>;

/** A real stack, the journals of its devices, and a worker of a user's own workflows. */
export interface ChurnStack extends TestStack {
  paths: Paths;
  journal: Journal;
  watch: ProcessWatch;
  worker: UserWorker;
  pool: PoolClient;
  client: Client;
}

export async function startChurnStack(): Promise<ChurnStack> {
  const python = await createJournallingPython();
  const stack = await startTestStack({
    BERTH_POOL_TIMES: JSON.stringify(churnTimes),
    BERTH_PYTHON: python.path,
  });
  const paths = createPaths(stack.home, stack.shm);
  const journal = openJournal(python.journalFolder);
  const watch = watchProcesses(journal);
  const address = (await requireStack(paths)).temporal?.address ?? '';
  const connection = connectLazily({
    embedded: true,
    namespace: 'berth',
    connectionOptions: { address },
  });
  const client = new Client({ connection, namespace: 'berth' });
  const worker = await startUserWorker(address, python.folder);
  const berth = await connect({ env: stack.env });
  return {
    ...stack,
    paths,
    journal,
    watch,
    worker,
    pool: berth.pool(),
    client,
    async stop() {
      await watch.stop();
      await worker.stop();
      await berth.close();
      await connection.close();
      await stack.stop();
      await rm(python.folder, { recursive: true, force: true });
    },
  };
}
