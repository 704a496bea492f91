/** A worker of a user's own workflows: `userWorker.mjs <address> <task queue> <bundle>`. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [address, taskQueue, codePath] = process.argv.slice(2);
process.on('disconnect', () => process.exit(0));
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});
try {
  const connection = await NativeConnection.connect({ address });
  const workflowBundle = { codePath };
  const worker = await Worker.create({
    connection,
    namespace: 'berth',
    taskQueue,
    workflowBundle,
  });
  await worker.run();
  process.exit(0);
} catch {
  // The server is away: whoever started this starts it again.
  process.exit(1);
}
