import { defineAction, type Registry } from '../action.ts';
import { followJob } from '../followJob.ts';
import { addIngestOptions, type IngestFlags, toIngestOptions } from './ingestOptions.ts';

interface Flags extends IngestFlags {
  detach?: boolean;
}

export function registerIngest(registry: Registry): void {
  const command = addIngestOptions(
    registry.program
      .command('ingest')
      .description('bring a model in: quantize, check, shard, encrypt, sign, publish'),
  ).option('--detach', 'return when the job has started');
  defineAction<Flags>(registry, command, async ({ cli, berth, options }, source = '') => {
    const handle = await berth.ingest(toIngestOptions(source, options));
    if (options.detach) {
      return { json: { workflowId: handle.workflowId }, text: handle.workflowId };
    }
    cli.stderr.write(`${handle.workflowId}${handle.url ? `\n${handle.url}` : ''}\n`);
    return followJob(cli, handle);
  });
}
