import type { WarmResult } from '../../../workflows/contracts/activities.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatBytes, formatPercent, formatRate, formatSeconds } from '../format/units.ts';

interface Flags {
  pin?: boolean;
  lock?: boolean;
}

export function registerWarm(registry: Registry): void {
  const command = registry.program
    .command('warm')
    .description('open a version into shared memory and print its path')
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>')
    .option('--pin', 'never evict it to make room')
    .option('--lock', 'lock it into RAM');
  defineAction<Flags>(registry, command, async ({ cli, berth, options }, ref = '') => {
    const result = await berth.warm(ref, { pin: options.pin, lock: options.lock });
    // The path alone is the result, so that a shell can take it: model=$(berth warm minilm)
    if (!options.json) cli.stderr.write(`${describeWarm(result)}\n`);
    return { json: result, text: result.path };
  });
}

export function describeWarm(result: WarmResult): string {
  const { artifact, bytes, residentBytes, seconds, reused } = result;
  const how = reused
    ? 'was there already'
    : `opened in ${formatSeconds(seconds)} (${formatRate(bytes, seconds)})`;
  const resident = bytes > 0 ? formatPercent(residentBytes / bytes) : 'nothing';
  return `${artifact}: ${formatBytes(bytes)}, ${resident} resident, ${how}`;
}
