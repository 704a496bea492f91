import { MultiBar, type SingleBar } from 'cli-progress';
import type { JobProgress, StageView } from '../../../workers/client/jobProgress.ts';
import type { TextOutput } from '../cli.ts';
import { formatRetry } from '../format/retry.ts';
import { formatBytes, formatSeconds } from '../format/units.ts';
import { changedLines } from './plainLines.ts';

/** Shows how a job moves on; never on standard output. */
export interface ProgressView {
  update(progress: JobProgress): void;
  /** Leaves what was shown and gives the terminal back. */
  stop(): void;
}

/** Bars for a person at a terminal, lines for everything else. */
export function createProgressView(output: TextOutput): ProgressView {
  return output.isTTY ? createBars(output as NodeJS.WritableStream) : createLines(output);
}

function createLines(output: TextOutput): ProgressView {
  let last: JobProgress | undefined;
  return {
    update(progress) {
      for (const line of changedLines(last, progress)) output.write(`${line}\n`);
      last = progress;
    },
    stop: () => undefined,
  };
}

/** Steps of a bar; fine enough for any terminal. */
const resolution = 1000;

function createBars(stream: NodeJS.WritableStream): ProgressView {
  const multibar = new MultiBar({
    stream,
    format: '{stage} {bar} {percentage}% {detail}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    // The caller decides what Ctrl-C means.
    gracefulExit: false,
    linewrap: false,
    // Without it a change between two frames, the last one above all, is not drawn.
    forceRedraw: true,
  });
  const bars = new Map<string, SingleBar>();
  let message: SingleBar | undefined;
  return {
    update(progress) {
      for (const stage of progress.stages) {
        const payload = { stage: stage.name.padEnd(8), detail: describeStage(stage) };
        const value = Math.round(stage.fraction * resolution);
        const bar = bars.get(stage.name);
        if (bar) bar.update(value, payload);
        else bars.set(stage.name, multibar.create(resolution, value, payload));
      }
      const line = { message: progress.message };
      message ??= multibar.create(1, 0, line, { format: '{message}' });
      message.update(line);
    },
    stop() {
      multibar.update();
      multibar.stop();
    },
  };
}

/** What stands behind a bar: units, bytes and, after a failed attempt, why it is tried again. */
export function describeStage(stage: StageView): string {
  if (stage.state === 'waiting') return '';
  if (stage.state === 'skipped' || stage.state === 'failed') return stage.state;
  const parts: string[] = [];
  if (stage.total > 1) parts.push(`${stage.done}/${stage.total}`);
  if (stage.liveBytes > 0) parts.push(formatBytes(stage.liveBytes));
  if (stage.state === 'done' && stage.seconds > 0) parts.push(formatSeconds(stage.seconds));
  if (stage.retry) parts.push(formatRetry(stage.retry));
  return parts.join(' · ');
}
