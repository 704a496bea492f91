import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { packageRoot } from '../../activities/platform/packageRoot.ts';

const folder = join(packageRoot(), 'test', 'histories');

/** Keeps one completed history of each workflow type on a server, the newest, for the replay test. */
export async function recordHistories(address: string): Promise<string[]> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace: 'berth' });
  const recorded = new Set<string>();
  try {
    await mkdir(folder, { recursive: true });
    for await (const { workflowId, runId, type } of client.workflow.list({
      query: 'ExecutionStatus = "Completed"',
    })) {
      if (recorded.has(type)) continue;
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      await writeFile(
        join(folder, `${type}.json`),
        `${JSON.stringify(historyToJSON(history), null, 1)}\n`,
      );
      recorded.add(type);
    }
  } finally {
    await connection.close();
  }
  return [...recorded];
}
