import { defineAction, type Registry } from '../action.ts';
import { formatBytes } from '../format/units.ts';

export function registerSweep(registry: Registry): void {
  const command = registry.program
    .command('sweep')
    .description('remove what no open job and no version needs');
  defineAction(registry, command, async ({ berth }) => {
    const result = await berth.sweep();
    const { staging, blobs, scratch, freedBytes } = result;
    return {
      json: result,
      text: `removed ${staging} staging folders, ${blobs} orphaned artifacts, ${scratch} scratch folders: ${formatBytes(freedBytes)} freed`,
    };
  });
}
