import type { BenchReport, BenchRow, BenchTarget } from './bench.ts';

/** The report as aligned text, for a terminal. */
export function renderReport({ rows, targets, notes = [] }: BenchReport): string {
  const head = ['measure', 'ours', 'alternative', 'ratio'];
  const parts = [table([head, ...rows.map(rowCells)])];
  if (targets.length > 0) parts.push(targets.map(targetLine).join('\n'));
  if (notes.length > 0) parts.push(notes.join('\n'));
  return parts.join('\n\n');
}

function rowCells({ measure, unit, ours, sd, alternative, ratio }: BenchRow): string[] {
  return [
    measure,
    `${figure(ours)}${typeof sd === 'number' ? ` ± ${figure(sd)}` : ''} ${unit}`,
    alternative ? `${figure(alternative.value)} ${unit} (${alternative.name})` : '',
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
  ];
}

function targetLine({ measure, target, met, note }: BenchTarget): string {
  const verdict = met === null ? 'not applicable' : met ? 'met' : 'MISSED';
  return `${measure}: target ${target}: ${verdict}${note ? ` (${note})` : ''}`;
}

function figure(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value >= 0.1 || value === 0 ? value.toFixed(2) : value.toPrecision(2);
}

function table(lines: readonly string[][]): string {
  const widths = lines[0]!.map((_, column) =>
    Math.max(...lines.map((line) => line[column]!.length)),
  );
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column]!)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}
