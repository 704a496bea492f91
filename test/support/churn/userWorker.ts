import { fileURLToPath } from 'node:url';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { bundleWorkflows } from '../temporal.ts';

export interface UserWorker {
  taskQueue: string;
  stop(): Promise<void>;
}

/** A worker of a user's own workflows, started again when it gives up, as a service manager would. */
export async function startUserWorker(address: string): Promise<UserWorker> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const taskQueue = 'churn';
  const workflowBundle = await bundleWorkflows(
    fileURLToPath(new URL('churnWorkflows.ts', import.meta.url)),
  );
  let stopping = false;
  let current: Worker | undefined;

  async function runOnce(): Promise<void> {
    const connection = await NativeConnection.connect({ address });
    try {
      current = await Worker.create({ connection, namespace: 'berth', taskQueue, workflowBundle });
      await current.run();
    } finally {
      current = undefined;
      await connection.close();
    }
  }

  const running = (async () => {
    // It only fails when the server is away, and connecting again waits for that.
    while (!stopping) await runOnce().catch(() => undefined);
  })();
  return {
    taskQueue,
    async stop() {
      stopping = true;
      if (current?.getState() === 'RUNNING') current.shutdown();
      await running;
    },
  };
}
