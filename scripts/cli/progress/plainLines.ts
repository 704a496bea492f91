import type { JobProgress, StageView } from '../../../workers/client/jobProgress.ts';
import { formatBytes, formatRate, formatSeconds } from '../format/units.ts';

/** Lines for a log or pipe: one whenever a stage moved by a unit or changed its state. */
export function changedLines(before: JobProgress | undefined, now: JobProgress): string[] {
  return now.stages
    .filter((stage) => {
      const old = before?.stages.find(({ name }) => name === stage.name);
      if (old === undefined) return stage.state !== 'waiting';
      return old.state !== stage.state || old.done !== stage.done;
    })
    .map(formatStageLine);
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
