import type { JobProgress, StageView } from '../../../workers/client/jobProgress.ts';
import { formatRetry } from '../format/retry.ts';
import { formatBytes, formatRate, formatSeconds } from '../format/units.ts';

/**
 * Lines for a log or pipe: one whenever a stage moved by a unit or changed its state, and one for
 * each attempt after a failure.
 */
export function changedLines(before: JobProgress | undefined, now: JobProgress): string[] {
  return now.stages.flatMap((stage) => {
    const old = before?.stages.find(({ name }) => name === stage.name);
    const lines: string[] = [];
    if (hasMoved(old, stage)) lines.push(formatStageLine(stage));
    if (stage.retry !== undefined && old?.retry?.attempt !== stage.retry.attempt) {
      lines.push(`${stage.name.padEnd(8)}  ${formatRetry(stage.retry)}`);
    }
    return lines;
  });
}

function hasMoved(old: StageView | undefined, now: StageView): boolean {
  if (old === undefined) return now.state !== 'waiting';
  return old.state !== now.state || old.done !== now.done;
}

function formatStageLine(stage: StageView): string {
  const parts = [stage.name.padEnd(8), stage.state.padEnd(7)];
  if (stage.total > 0) parts.push(`${stage.done}/${stage.total}`);
  if (stage.bytes > 0) {
    parts.push(
      formatBytes(stage.bytes),
      formatSeconds(stage.seconds),
      formatRate(stage.bytes, stage.seconds),
    );
  }
  return parts.join('  ').trimEnd();
}
