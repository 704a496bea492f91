import { describe, expect, it } from 'vitest';
import { changedLines } from '../../../scripts/cli/progress/plainLines.ts';
import { createProgressView, describeStage } from '../../../scripts/cli/progress/progressView.ts';
import type { JobProgress, StageView } from '../../../workers/client/jobProgress.ts';

const stage = (part: Partial<StageView> = {}): StageView => ({
  name: 'quantize',
  state: 'running',
  done: 1,
  total: 4,
  bytes: 2 ** 20,
  seconds: 2,
  fraction: 0.25,
  liveBytes: 2 ** 20,
  retry: undefined,
  ...part,
});

const progress = (...stages: StageView[]): JobProgress => ({
  workflowId: 'job',
  artifactId: 'a',
  message: 'quantizing',
  stages,
  activities: [],
});

const retry = { type: 'quantizeShard', attempt: 2, started: true, lastFailure: 'bridge died' };

describe('changedLines', () => {
  it('has a line for each stage that moved, and none for the others', () => {
    const before = progress(stage(), stage({ name: 'seal', state: 'waiting' }));
    expect(changedLines(undefined, before)).toEqual([
      'quantize  running  1/4  1.00 MiB  2.00 s  512 KiB/s',
    ]);
    expect(changedLines(before, before)).toEqual([]);
    const now = progress(stage({ liveBytes: 99 }), stage({ name: 'seal', done: 0, bytes: 0 }));
    expect(changedLines(before, now)).toEqual(['seal      running  0/4']);
  });

  it('tells each new attempt once', () => {
    const before = progress(stage());
    const now = progress(stage({ retry }));
    expect(changedLines(before, now)).toEqual(['quantize  quantizeShard, attempt 2: bridge died']);
    expect(changedLines(now, now)).toEqual([]);
  });
});

describe('describeStage', () => {
  it('shows units, live bytes, time when done, and why a stage did not run', () => {
    expect(describeStage(stage({ liveBytes: 3 * 2 ** 20 }))).toBe('1/4 · 3.00 MiB');
    expect(describeStage(stage({ state: 'done', done: 4 }))).toBe('4/4 · 1.00 MiB · 2.00 s');
    expect(describeStage(stage({ state: 'skipped' }))).toBe('skipped');
    expect(describeStage(stage({ state: 'waiting' }))).toBe('');
    expect(describeStage(stage({ retry }))).toMatch(/attempt 2: bridge died$/);
  });
});

describe('createProgressView', () => {
  it('writes whole lines where there is no terminal', () => {
    const written: string[] = [];
    const view = createProgressView({ write: (text) => written.push(text) });
    view.update(progress(stage()));
    view.update(progress(stage()));
    view.update(progress(stage({ done: 2 })));
    view.stop();
    expect(written).toHaveLength(2);
    expect(written.every((text) => text.endsWith('\n'))).toBe(true);
  });
});
