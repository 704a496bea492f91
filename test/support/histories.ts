import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findTemporalCli } from '../../activities/platform/python.ts';

const folder = join(packageRoot(), 'test', 'histories');

/**
 * Keeps a history of every workflow type on a server, the newest, for the replay test; of ingests
 * one a model, since each took another way. Stack traces lose the checkout's place.
 */
export async function recordHistories(address: string): Promise<string[]> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace: 'berth' });
  const recorded = new Set<string>();
  try {
    await mkdir(folder, { recursive: true });
    for await (const { workflowId, runId, type } of client.workflow.list({
      query: 'ExecutionStatus != "Running"',
    })) {
      const name = type === 'ingestModelWorkflow' ? `${type}-${modelOf(workflowId)}` : type;
      if (recorded.has(name)) continue;
      const { stdout } = await execa(findTemporalCli(), [
        ...['workflow', 'show', '--output', 'json', '--address', address, '--namespace', 'berth'],
        ...['--workflow-id', workflowId, '--run-id', runId],
      ]);
      const history = stdout.replaceAll(packageRoot(), '/opt/berth');
      await writeFile(join(folder, `${name}.json`), `${history}\n`);
      recorded.add(name);
    }
  } finally {
    await connection.close();
  }
  return [...recorded];
}

/** `ingest/<name>/<tag>/<hash>` → name, with `-` for `/`. */
function modelOf(workflowId: string): string {
  return workflowId.split('/').slice(1, -2).join('-');
}
