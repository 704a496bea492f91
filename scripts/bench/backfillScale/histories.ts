import type { Client } from '@temporalio/client';

/** Histories of all runs of one workflow type. */
export interface HistorySizes {
  runs: number;
  /** Of the longest run. */
  maxEvents: number;
  maxBytes: number;
  totalEvents: number;
  totalBytes: number;
}

/** As the server counts them: payloads are in the bytes. */
export async function measureHistories(client: Client, type: string): Promise<HistorySizes> {
  const sizes = { runs: 0, maxEvents: 0, maxBytes: 0, totalEvents: 0, totalBytes: 0 };
  for await (const { raw } of client.workflow.list({ query: `WorkflowType = "${type}"` })) {
    const events = Number(raw.historyLength ?? 0);
    const bytes = Number(raw.historySizeBytes ?? 0);
    sizes.runs += 1;
    sizes.maxEvents = Math.max(sizes.maxEvents, events);
    sizes.maxBytes = Math.max(sizes.maxBytes, bytes);
    sizes.totalEvents += events;
    sizes.totalBytes += bytes;
  }
  return sizes;
}
