import { errorText, type StoreTrouble } from '../../shared/storeFailure.ts';

/** gRPC's codes as HTTP's: https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const statuses: Record<string, number | undefined> = {
  CANCELLED: undefined,
  UNAVAILABLE: undefined,
  DEADLINE_EXCEEDED: undefined,
  ABORTED: 503,
  INTERNAL: 500,
  DATA_LOSS: 500,
  RESOURCE_EXHAUSTED: 429,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
};

/** The client's own time limit, whose figure it gets wrong. */
const late = /request timed out with message/i;
/** A batch that no repetition mends, under a code for faults of the server. */
const malformed = /invalid UTF-8/i;
/** What the server says of a passing state, under a code that says nothing. */
const passing =
  /read.?only|deadline exceeded|timed? ?out|connection (refused|reset)|not ready|no leader|leader not found|memory pressure|not enough memory|no space|shutting down|shutdown/i;
const forbidden = /forbidden|insufficient permissions/i;
const noClass =
  /(could not find class|class .* (was )?not found|class .* doesn.t exist|collection .* (was )?not found|no class|could not find shard)/i;

/**
 * The client wraps gRPC's failures into text (`<path> <CODE>: <details>`) and REST's into errors with
 * a `code`; `fetch` throws its own.
 */
export function describeWeaviateError(error: unknown): StoreTrouble {
  const message = errorText(error);
  const name = error instanceof Error ? error.name : '';
  if (late.test(message)) return { status: undefined, message: 'no answer in time' };
  if (malformed.test(message)) return { status: 400, message };
  if (noClass.test(message)) return { status: 404, message };
  if (passing.test(message)) return { status: 503, message };
  if (forbidden.test(message)) return { status: 403, message };
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === 'number') return { status: code, message };
  if (/Unauthenticated/.test(name) || /^Unauthenticated|status code: 401/i.test(message)) {
    return { status: 401, message };
  }
  if (/status code: (\d+)/.test(message)) {
    return { status: Number(/status code: (\d+)/.exec(message)?.[1]), message };
  }
  const grpc = /\b([A-Z][A-Z_]+): /.exec(message)?.[1];
  if (grpc !== undefined && grpc in statuses) return { status: statuses[grpc], message };
  if (/\bUNKNOWN: /.test(message)) return { status: 400, message };
  return { status: undefined, message };
}
