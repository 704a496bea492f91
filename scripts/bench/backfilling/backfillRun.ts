import { Client, Connection } from '@temporalio/client';
import type { BackfillHandle, BackfillOptions } from '../../../workers/client/index.ts';
import { requireStack } from '../../../workers/supervisor/stack.ts';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import type { OwnStack } from '../ingesting/ownStack.ts';
import { fillSeconds, type PageActivity, readPageHistory } from './pageHistory.ts';

export interface BackfillRun {
  result: BackfillResult;
  /** From asking until the alias has moved. */
  seconds: number;
  /** Of that, the pages. */
  fillSeconds: number;
  pages: PageActivity[];
}

/** One backfill through a stack, which is cancelled when the benchmark is interrupted. */
export async function runBackfill(
  own: OwnStack,
  options: BackfillOptions,
  interrupted: AbortSignal,
  beside: (job: BackfillHandle) => Promise<void> = async () => {},
): Promise<BackfillRun> {
  interrupted.throwIfAborted();
  const started = performance.now();
  const job = await own.berth.backfill(options);
  const cancel = () => void job.cancel().catch(() => undefined);
  interrupted.addEventListener('abort', cancel, { once: true });
  try {
    const [result] = await Promise.all([job.result(), beside(job)]);
    const seconds = (performance.now() - started) / 1000;
    const { partitions } = await job.progress();
    const pages = await readPages(own, job.workflowId, partitions.total);
    return { result, seconds, fillSeconds: fillSeconds(pages), pages };
  } finally {
    interrupted.removeEventListener('abort', cancel);
  }
}

/** The address is read anew: a server that was started again may have another. */
async function readPages(own: OwnStack, workflowId: string, partitions: number) {
  const { temporal } = await requireStack(own.paths);
  const { address, namespace } = temporal ?? {};
  const connection = await Connection.connect(address === undefined ? {} : { address });
  try {
    const client = new Client({ connection, ...(namespace === undefined ? {} : { namespace }) });
    return await readPageHistory(client, workflowId, partitions);
  } finally {
    await connection.close();
  }
}
