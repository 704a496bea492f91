import type { VerifyResult } from '../../../workflows/contracts/activities.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatTable } from '../format/table.ts';
import { formatBytes, formatRate, formatSeconds } from '../format/units.ts';

export function registerVerify(registry: Registry): void {
  const command = registry.program
    .command('verify')
    .description('re-read everything stored of a version and check it')
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>');
  defineAction(registry, command, async ({ berth }, ref = '') => {
    const result = await berth.verify(ref);
    return { json: result, text: formatVerify(result), exitCode: result.ok ? 0 : 1 };
  });
}

export function formatVerify(result: VerifyResult): string {
  const { ok, artifact, files, bytes, seconds, failures } = result;
  if (ok) {
    const rate = formatRate(bytes, seconds);
    return `${artifact}: ok, ${files} files, ${formatBytes(bytes)} in ${formatSeconds(seconds)} (${rate})`;
  }
  const rows = failures.map(({ file, reason }) => [file, reason]);
  return `${artifact}: ${failures.length} of ${files} files failed\n${formatTable(['file', 'reason'], rows)}`;
}
