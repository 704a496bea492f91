import { findSampleModel } from '../../activities/platform/python.ts';
import type { Berth } from '../../workers/client/berth.ts';
import type { Cli } from '../cli/cli.ts';
import { watchJob } from '../cli/followJob.ts';
import { formatStartReport } from '../cli/format/startReport.ts';

/**
 * Ingests the sample model, all-MiniLM-L6-v2, to nf4, warms it and prints the report.
 * @returns false after Ctrl-C
 */
export async function bringInSampleModel(cli: Cli, berth: Berth): Promise<boolean> {
  const source = findSampleModel(cli.env);
  const handle = await berth.ingest({ source, name: 'minilm', quantize: 'nf4' });
  cli.stderr.write(`ingesting ${source}\n${handle.url ?? handle.workflowId}\n`);
  const result = await watchJob(cli, handle);
  if (result === undefined) return false;
  const warm = await berth.warm(result.artifact);
  cli.stdout.write(`\n${formatStartReport(result, warm, handle.url)}\n`);
  return true;
}
