import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { execa } from 'execa';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findTemporalCli } from '../../activities/platform/python.ts';

const folder = join(packageRoot(), 'test', 'histories');

/**
 * Keeps a history of every workflow type on a server, the newest, for the replay test; of ingests
 * one a model, since each took another way. Stack traces lose the checkout's place. Pools and their
 * holders have a test of their own that records them.
 */
export async function recordHistories(address: string): Promise<string[]> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace: 'berth' });
  const recorded = new Set<string>();
  try {
    for await (const { workflowId, runId, type } of client.workflow.list({
      query: 'ExecutionStatus != "Running"',
    })) {
      if (type === 'gpuPoolWorkflow' || type === 'holdLeaseWorkflow') continue;
      const name = type === 'ingestModelWorkflow' ? `${type}-${modelOf(workflowId)}` : type;
      if (recorded.has(name)) continue;
      await recordHistory(address, `${name}.json`, { workflowId, runId });
      recorded.add(name);
    }
  } finally {
    await connection.close();
  }
  return [...recorded];
}

/** Keeps the history of one run as `file`, a path below the folder of histories. */
export async function recordHistory(
  address: string,
  file: string,
  { workflowId, runId }: { workflowId: string; runId: string },
): Promise<void> {
  const { stdout } = await execa(findTemporalCli(), [
    ...['workflow', 'show', '--output', 'json', '--address', address, '--namespace', 'berth'],
    ...['--workflow-id', workflowId, '--run-id', runId],
  ]);
  const history = stdout.replaceAll(packageRoot(), '/opt/berth');
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${history}\n`);
}

/** `ingest/<name>/<tag>/<hash>` → name, with `-` for `/`. */
function modelOf(workflowId: string): string {
  return workflowId.split('/').slice(1, -2).join('-');
}
