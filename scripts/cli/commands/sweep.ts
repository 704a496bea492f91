import { defineAction, type Registry } from '../action.ts';
import { formatBytes } from '../format/units.ts';

interface Flags {
  yes?: boolean;
}

export function registerSweep(registry: Registry): void {
  const command = registry.program
    .command('sweep')
    .description('remove what no open job and no version needs')
    .option('--yes', 'do not ask');
  defineAction<Flags>(registry, command, async ({ cli, berth, options }) => {
    // Nothing that anybody could miss: where nobody can be asked, it goes on.
    const answer = options.yes || (await cli.confirm('Remove what no job and no version needs?'));
    if (answer === false) return { json: { swept: false }, text: 'nothing removed', exitCode: 1 };
    const result = await berth.sweep();
    const { staging, blobs, scratch, jobs, freedBytes } = result;
    return {
      json: result,
      text: `removed ${staging} staging folders, ${blobs} orphaned artifacts, ${scratch} scratch folders, what ${jobs} backfills left: ${formatBytes(freedBytes)} freed`,
    };
  });
}
