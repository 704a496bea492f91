import { ConnectionGRPC } from 'weaviate-client';
import { toBatchObject } from './batchObject.ts';
import type { ObjectErrors } from './durableInsert.ts';
import type { WeaviateObject } from './objects.ts';

type Batch = Awaited<ReturnType<ConnectionGRPC['batch']>>;
type ConnectionParams = Parameters<typeof ConnectionGRPC.use>[0];

/** What a Batch of the client sends by; the options are nice-grpc's with those of its retries. */
interface Requests {
  batchObjects(message: unknown, options: object): Promise<unknown>;
}

export interface BatchSender {
  /** Sends them once. @returns errors of those that were refused, by their place */
  send(className: string, objects: readonly WeaviateObject[]): Promise<ObjectErrors>;
  close(): void;
}

/**
 * `insertMany` by the client's own connection, without two things that it does: it sends a batch again
 * on its own when the server goes away, so that nobody learns of that, and it looks only every 500 ms
 * whether it has prepared a batch.
 */
export async function connectBatchSender(params: ConnectionParams): Promise<BatchSender> {
  const { connection } = await ConnectionGRPC.use(params);
  return {
    async send(className, objects) {
      const batch = sendingOnce(await connection.batch(className));
      const { errors } = await batch.withObjects({
        objects: objects.map((object) => toBatchObject(className, object)) as never,
      });
      return Object.fromEntries(errors.map(({ index, error }) => [index, { message: error }]));
    },
    close: () => connection.close(),
  };
}

function sendingOnce(batch: Batch): Batch {
  const inside = batch as unknown as { connection: Requests };
  const requests = inside.connection;
  inside.connection = {
    ...requests,
    batchObjects: (message, options) =>
      requests.batchObjects(message, { ...options, retry: false }),
  };
  return batch;
}
