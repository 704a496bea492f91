import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, type WorkflowHandle } from '@temporalio/client';
import pRetry from 'p-retry';

/** Times that an Update is sent again that came just as the workflow handed over to its next run. */
const retries = 6;

/**
 * Sends an Update and waits for its answer. One that arrives while a run continues as new is thrown
 * back by the server, not having been looked at; it is sent again under the same id, so that it is
 * carried out once.
 */
export function updateWorkflow<T>(
  handle: Pick<WorkflowHandle, 'executeUpdate'>,
  name: string,
  input: unknown,
): Promise<T> {
  const updateId = randomUUID();
  return pRetry(() => handle.executeUpdate<T, [unknown]>(name, { args: [input], updateId }), {
    retries,
    minTimeout: 100,
    maxTimeout: 2_000,
    shouldRetry: ({ error }) => wasThrownBack(error),
  });
}

/** gRPC code 9, FAILED_PRECONDITION: "… due to unexpected workflow task failure". */
function wasThrownBack(error: Error): boolean {
  const { cause } = error;
  return (
    isGrpcServiceError(cause) && cause.code === 9 && /workflow task failure/.test(cause.details)
  );
}
