import type { StoreAdvice, StoreNeeds } from '../../../activities/stores/advise/adviseStore.ts';
import { formatCount } from './backfill.ts';
import { formatTable } from './table.ts';
import { formatBytes, formatSeconds } from './units.ts';

/** The store to take with what speaks for it, then all of them side by side. */
export function formatAdvice(needs: StoreNeeds, advice: StoreAdvice[]): string {
  const [best] = advice;
  const size = `${formatCount(needs.vectors)} vectors of ${needs.dimensions} dimensions`;
  const header = ['store', 'fits', 'score', 'vectors as', 'memory', 'load'];
  const rows = advice.map((one) => [
    one.kind,
    one.fits ? 'yes' : 'no',
    String(one.score),
    one.quantization === 'none' ? 'float32' : one.quantization,
    formatBytes(one.memoryBytes),
    formatSeconds(one.loadSeconds),
  ]);
  const table = formatTable(header, rows, ['left', 'left', 'right', 'left', 'right', 'right']);
  const verdict = best?.fits
    ? [`${best.kind} for ${size}`, ...best.reasons.map((reason) => `  + ${reason}`)]
    : [`none of them for ${size} in ${formatBytes(needs.memoryBytes)} of memory`];
  const objections = (one: StoreAdvice) => one.objections.map((text) => `  - ${text}`);
  const others = advice
    .slice(best?.fits ? 1 : 0)
    .flatMap((one) => [
      `${one.kind}:`,
      ...one.reasons.map((reason) => `  + ${reason}`),
      ...objections(one),
    ]);
  const sources = advice.map((one) => `  ${one.kind}: ${one.memoryRule}; ${one.loadRule}`);
  return [
    ...verdict,
    ...(best?.fits ? objections(best) : []),
    '',
    table,
    '',
    ...others,
    '',
    'Memory of float32 vectors, quantized ones in proportion; load without embedding:',
    ...sources,
  ].join('\n');
}
