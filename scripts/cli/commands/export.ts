import { defineAction, type Registry } from '../action.ts';
import { formatBytes, formatRate, formatSeconds } from '../format/units.ts';

export function registerExport(registry: Registry): void {
  const command = registry.program
    .command('export')
    .description('write a version as a plain, unencrypted Hugging Face folder')
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>')
    .argument('<dir>', 'folder that is absent or empty');
  defineAction(registry, command, async ({ berth }, ref = '', directory = '') => {
    const result = await berth.export(ref, directory);
    const { files, bytes, seconds } = result;
    return {
      json: result,
      text: `${result.directory}: ${files} files, ${formatBytes(bytes)} in ${formatSeconds(seconds)} (${formatRate(bytes, seconds)})`,
    };
  });
}
