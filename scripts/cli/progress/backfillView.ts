import { MultiBar, type SingleBar } from 'cli-progress';
import { recordsRead } from '../../../workflows/contracts/backfill/pages.ts';
import type { BackfillProgress } from '../../../workflows/contracts/backfill/progress.ts';
import type { TextOutput } from '../cli.ts';
import type { JobView } from '../followHandle.ts';
import { formatCount } from '../format/backfill.ts';
import { formatPercent, formatSeconds } from '../format/units.ts';

/** Bars for a person at a terminal, lines for everything else. */
export function createBackfillView(output: TextOutput): JobView<BackfillProgress> {
  return output.isTTY ? createBars(output as NodeJS.WritableStream) : createLines(output);
}

/** A line whenever the stage or a tenth of the records changed. */
function createLines(output: TextOutput): JobView<BackfillProgress> {
  let last = '';
  return {
    update(progress) {
      const share = progress.total > 0 ? recordsRead(progress.counts) / progress.total : 0;
      const key = `${progress.stage} ${Math.floor(10 * share)} ${progress.control.paused} ${progress.outsideWindow}`;
      if (key === last) return;
      last = key;
      output.write(`${describeBackfill(progress)}\n`);
    },
    stop: () => undefined,
  };
}

/** One line: stage, how far, how fast, what was reused, what failed. */
export function describeBackfill(progress: BackfillProgress): string {
  const { stage, total, counts, recordsPerSecond, etaSeconds, message } = progress;
  const failed = Object.values(counts.failed).reduce((sum, part) => sum + part, 0);
  const parts = [
    stage.padEnd(8),
    total > 0 ? `${formatCount(recordsRead(counts))}/${formatCount(total)} records` : '',
    counts.chunks > 0 ? `${formatPercent(counts.reused / counts.chunks)} reused` : '',
    recordsPerSecond > 0 ? `${formatCount(Math.round(recordsPerSecond))} records/s` : '',
    etaSeconds !== null && etaSeconds > 0 ? `${formatSeconds(etaSeconds)} to go` : '',
    failed > 0 ? `${formatCount(failed)} failed` : '',
    message,
  ];
  return parts.filter((part) => part !== '').join('  ');
}

const resolution = 1000;

function createBars(stream: NodeJS.WritableStream): JobView<BackfillProgress> {
  const multibar = new MultiBar({
    stream,
    format: '{name} {bar} {percentage}% {detail}',
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
  const show = (name: string, share: number, detail: string) => {
    const value = Math.round(Math.min(Math.max(share, 0), 1) * resolution);
    const bar = bars.get(name);
    if (bar) bar.update(value, { detail });
    else bars.set(name, multibar.create(resolution, value, { name: name.padEnd(8), detail }));
  };
  return {
    update(progress) {
      const { total, counts, partitions, recordsPerSecond, etaSeconds } = progress;
      const rate = recordsPerSecond > 0 ? ` · ${Math.round(recordsPerSecond)} records/s` : '';
      const eta =
        etaSeconds === null || etaSeconds <= 0 ? '' : ` · ${formatSeconds(etaSeconds)} to go`;
      const read = recordsRead(counts);
      const records = `${formatCount(read)}/${formatCount(total)}${rate}${eta}`;
      show('records', total > 0 ? read / total : 0, records);
      for (const [store, { written, unchanged }] of Object.entries(counts.stores)) {
        const done = written + unchanged;
        show(
          store,
          counts.chunks > 0 ? done / counts.chunks : 0,
          `${formatCount(written)} written`,
        );
      }
      const parts = `${partitions.done}/${partitions.total} partitions`;
      const line = { message: `${progress.stage} · ${parts} · ${progress.message}` };
      message ??= multibar.create(1, 0, line, { format: '{message}' });
      message.update(line);
    },
    stop() {
      multibar.update();
      multibar.stop();
    },
  };
}
