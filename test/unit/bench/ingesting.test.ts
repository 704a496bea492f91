import { expect, it } from 'vitest';
import { type IngestRun, reportIngest } from '../../../scripts/bench/ingesting/ingestReport.ts';
import type { StackSample } from '../../../scripts/bench/ingesting/stackMemory.ts';
import { tidily } from '../../../scripts/bench/ingesting/tidily.ts';
import type { GateReport, IngestResult } from '../../../workflows/contracts/ingest.ts';

const gate: GateReport = {
  metric: 'kl',
  mean: 0.001,
  min: 0.002,
  threshold: 0.25,
  passed: true,
  samples: 4,
  perplexityIncrease: 0.01,
  perplexityThreshold: 0.15,
};

function sample(megabytes: Partial<StackSample>): StackSample {
  const idle = { supervisor: 50, temporal: 60, workflow: 70, host: 80, device: 90 };
  const all = { ...idle, bridge: 0, scratch: 0, candidate: 0, ...megabytes };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, value * 1e6]),
  ) as unknown as StackSample;
}

function run(seconds: number, samples: StackSample[], how: GateReport | null = gate): IngestRun {
  const stages = [
    { name: 'quantize', seconds: 4, bytes: 8e9 },
    { name: 'gate', seconds: 2, bytes: 1e9 },
  ].filter(({ name }) => how !== null || name !== 'gate');
  const result = { sourceBytes: 8e9, storedBytes: 2e9, shards: 2, gate: how, stages };
  return { result: result as IngestResult, seconds, samples, largestShard: 500e6 };
}

const samples = [
  sample({}),
  sample({ bridge: 700, scratch: 1000 }),
  sample({ bridge: 9000, candidate: 2000 }),
  sample({}),
];

it('compares end to end with and without the gate', () => {
  const { rows } = reportIngest([run(10, samples)], [{ seconds: 16, peakBytes: 5e9 }]);
  expect(rows.slice(0, 2)).toMatchObject([
    { measure: 'end to end', ours: 0.8, ratio: 1.6 },
    { measure: 'end to end, without the gate', ours: 1, ratio: 2 },
  ]);
  expect(rows).toContainEqual({ measure: 'quantize, rate', unit: 'GB/s', ours: 2 });
});

it('judges the memory of the quantize stage, not that of the gate', () => {
  const judged = (some: StackSample[]) => reportIngest([run(10, some)], []).targets;
  // 700 + 1000 of bridge and scratch, less a shard of 500; the worker's 90 are idle.
  expect(judged(samples)).toMatchObject([{ met: true, note: '1.20 GB' }]);
  expect(judged([sample({}), sample({ bridge: 2100 })])).toMatchObject([{ met: false }]);
});

it('shows the peak of each process', () => {
  const { rows } = reportIngest([run(10, samples)], []);
  const peak = (name: string) => rows.find(({ measure }) => measure === `peak memory: ${name}`);
  expect(peak('bridge')?.ours).toBe(9000);
  expect(peak('all of it, shared memory included')?.ours).toBe(11_350);
});

it('has no target and no gate where nothing is quantized', () => {
  const { rows, targets } = reportIngest([run(10, [sample({}), sample({})], null)], []);
  expect(targets).toEqual([]);
  expect(rows.map(({ measure }) => measure)).not.toContain('end to end, without the gate');
});

it('undoes last first, whatever fails', async () => {
  const undone: string[] = [];
  const failing = tidily(async (tidy) => {
    tidy(async () => undone.push('first'));
    tidy(() => Promise.reject(new Error('cannot')));
    tidy(async () => undone.push('last'));
    throw new Error('the benchmark failed');
  });
  await expect(failing).rejects.toThrow('the benchmark failed');
  expect(undone).toEqual(['last', 'first']);
});
