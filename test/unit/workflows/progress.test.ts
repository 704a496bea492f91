import { expect, test } from 'vitest';
import {
  advance,
  failRunning,
  renderProgress,
  stageOf,
  stageReports,
  startProgress,
} from '../../../workflows/ingest/progress.ts';

test('a stage is done when all of its units are; repeated work adds time, not units', () => {
  const seal = stageOf(startProgress('a'), 'seal');
  seal.total = 2;
  seal.state = 'running';
  advance(seal, 100, 1);
  expect(seal).toMatchObject({ done: 1, state: 'running' });
  advance(seal, 50, 2);
  expect(seal).toMatchObject({ done: 2, state: 'done', bytes: 150, seconds: 3 });
  advance(seal, 0, 4);
  expect(seal).toMatchObject({ done: 2, seconds: 7 });
});

test('a stage that was skipped is not reported', () => {
  const progress = startProgress('a');
  stageOf(progress, 'gate').state = 'skipped';
  expect(stageReports(progress).map(({ name }) => name)).toEqual([
    'inspect',
    'quantize',
    'seal',
    'publish',
  ]);
});

test('what ran when the job ended is what failed', () => {
  const progress = startProgress('a');
  stageOf(progress, 'inspect').state = 'done';
  stageOf(progress, 'quantize').state = 'running';
  failRunning(progress, 'cancelled');
  expect(progress.stages.map(({ state }) => state)).toEqual([
    'done',
    'failed',
    'waiting',
    'waiting',
    'waiting',
  ]);
});

test('the details are a table with a row a stage', () => {
  const progress = startProgress('0123');
  const inspect = stageOf(progress, 'inspect');
  inspect.total = 1;
  advance(inspect, 2 ** 21, 0.5);
  const table = renderProgress(progress).replaceAll('\u00a0', '');
  expect(table).toContain('| inspect | done | 1 / 1 | 2.0 | 0.5 | 4.0 |');
  expect(table.split('\n').filter((line) => line.startsWith('| '))).toHaveLength(6);
});
