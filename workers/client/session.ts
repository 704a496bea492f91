import type { Client } from '@temporalio/client';

/** A connection to the stack of one BERTH_HOME. */
export interface Session {
  client: Client;
  /** Names the host whose store and shared memory the operations work on. */
  hostId: string;
  namespace: string;
  /** Address of the Web UI, such as `http://127.0.0.1:8233`; undefined when the server has none. */
  webUi: string | undefined;
  /** Why nothing can make progress now (one line), or undefined while the stack is up. */
  outage(): Promise<string | undefined>;
  /** Takes one line of news about an operation that is waited for. */
  notify(line: string): void;
  close(): Promise<void>;
}

/** Page of a workflow in the Web UI. */
export function workflowUrl(
  webUi: string | undefined,
  namespace: string,
  workflowId: string,
  runId?: string,
): string | undefined {
  if (webUi === undefined) return undefined;
  const run = runId === undefined ? '' : `/${runId}/history`;
  return `${webUi}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}${run}`;
}
