import { defineAction, type Registry } from '../action.ts';
import { formatBytes } from '../format/units.ts';

export function registerEvict(registry: Registry): void {
  const command = registry.program
    .command('evict')
    .description("drop a version's copy from shared memory")
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>');
  defineAction(registry, command, async ({ berth }, ref = '') => {
    const result = await berth.evict(ref);
    if (!result.evicted) return { json: result, text: `${ref}: was not warm` };
    const mapped =
      result.stillMappedBytes > 0
        ? `; ${formatBytes(result.stillMappedBytes)} stay until the last process unmaps them`
        : '';
    return { json: result, text: `${ref}: ${formatBytes(result.bytes)} dropped${mapped}` };
  });
}
