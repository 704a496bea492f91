import type {
  IngestProgress,
  IngestStage,
  StageProgress,
  StageReport,
} from '../contracts/ingest.ts';

const stageNames: IngestStage[] = ['inspect', 'quantize', 'seal', 'gate', 'publish'];

export function startProgress(artifactId: string): IngestProgress {
  return {
    artifactId,
    message: 'starting',
    stages: stageNames.map((name) => ({
      name,
      state: 'waiting',
      done: 0,
      total: 0,
      bytes: 0,
      seconds: 0,
    })),
  };
}

export function stageOf(progress: IngestProgress, name: IngestStage): StageProgress {
  const stage = progress.stages.find((candidate) => candidate.name === name);
  if (stage === undefined) throw new TypeError(`no stage ${name}`);
  return stage;
}

/**
 * Adds finished work to a stage, which is done when all of its units are. Work that is repeated
 * after a lost lease or scratch counts its time again, but no unit beyond the total.
 */
export function advance(stage: StageProgress, bytes: number, seconds: number): void {
  stage.done = Math.min(stage.done + 1, stage.total);
  stage.bytes += bytes;
  stage.seconds += seconds;
  if (stage.done >= stage.total) stage.state = 'done';
}

/** Stages under way when the job ends early are the ones that failed. */
export function failRunning(progress: IngestProgress, message: string): void {
  progress.message = message;
  for (const stage of progress.stages) if (stage.state === 'running') stage.state = 'failed';
}

export function stageReports(progress: IngestProgress): StageReport[] {
  return progress.stages
    .filter((stage) => stage.state !== 'skipped')
    .map(({ name, seconds, bytes }) => ({ name, seconds, bytes }));
}

/** The Web UI draws tables without space between columns. */
const gap = '\u00a0\u00a0';

/** Markdown for the current details in the Web UI: kept in memory, costs no history. */
export function renderProgress(progress: IngestProgress): string {
  const row = (cells: string[]) => `| ${cells.map((cell) => cell + gap).join(' | ')} |`;
  const rows = progress.stages.map((stage) => {
    const mebibytes = stage.bytes / 2 ** 20;
    return row([
      stage.name,
      stage.state,
      stage.total > 0 ? `${stage.done} / ${stage.total}` : '',
      mebibytes.toFixed(1),
      stage.seconds.toFixed(1),
      stage.seconds > 0 ? (mebibytes / stage.seconds).toFixed(1) : '',
    ]);
  });
  return [
    `**${progress.message}** · artifact \`${progress.artifactId}\``,
    '',
    row(['stage', 'state', 'done', 'MiB', 'seconds', 'MiB/s']),
    '|---|---|--:|--:|--:|--:|',
    ...rows,
  ].join('\n');
}
