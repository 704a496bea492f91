import type { UsageReport, UsageRow } from '../../../activities/usage/report/usageReport.ts';
import { type Alignment, formatTable } from './table.ts';
import { formatMinute, formatPercent, formatSeconds } from './units.ts';

/** A table of groups with their sum, and what its numbers leave out. */
export function formatUsage(report: UsageReport): string {
  const { rows, total, by, currency, from, to } = report;
  const title = `leases that ended between ${formatMinute(from)} and ${formatMinute(to)} UTC`;
  if (rows.length === 0) return `${title}: none`;
  const priced = total.cost !== null;
  const header = [by, 'leases', 'device hours', 'wait', 'wait p95', 'busy'];
  if (priced) header.push(`cost ${currency}`);
  const lines = [...rows, ...(rows.length > 1 ? [{ ...total, group: 'all' }] : [])].map((row) => [
    ...cells(row),
    ...(priced ? [row.cost === null ? '-' : row.cost.toFixed(2)] : []),
  ]);
  const alignments: Alignment[] = ['left', ...header.slice(1).map(() => 'right' as const)];
  return [title, formatTable(header, lines, alignments), ...notes(report)].join('\n');
}

function cells({ group, leases, deviceHours, wait, utilization }: UsageRow): string[] {
  return [
    group,
    String(leases),
    deviceHours.toFixed(2),
    wait === null ? '-' : formatSeconds(wait.meanSeconds),
    wait === null ? '-' : formatSeconds(wait.p95Seconds),
    utilization === null ? '-' : formatPercent(utilization),
  ];
}

function notes({ total, currency }: UsageReport): string[] {
  const lines: string[] = [];
  if (total.utilization !== null && total.watched < 0.995) {
    lines.push(`busy: of the ${formatPercent(total.watched)} of device hours that were watched`);
  }
  if (currency === null) lines.push('no cost: no prices are known (see prices in a teams file)');
  else if (total.unpricedHours > 0.005) {
    lines.push(`cost: without ${total.unpricedHours.toFixed(2)} device hours that have no price`);
  }
  return lines;
}
