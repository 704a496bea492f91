import { describe, expect, it } from 'vitest';
import { formatGate, formatIngestReport } from '../../../scripts/cli/format/ingestReport.ts';
import { formatLogLine } from '../../../scripts/cli/format/logLine.ts';
import { formatStartReport } from '../../../scripts/cli/format/startReport.ts';
import { formatFields, formatTable } from '../../../scripts/cli/format/table.ts';
import { formatBytes, formatRate, formatSeconds } from '../../../scripts/cli/format/units.ts';
import type { IngestResult } from '../../../workflows/contracts/ingest.ts';

describe('units', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '0.98 KiB'],
    [1024, '1.00 KiB'],
    [1536 * 1024, '1.50 MiB'],
    [22.7 * 2 ** 30, '22.7 GiB'],
    [999.9 * 2 ** 20, '0.98 GiB'],
    [3 * 2 ** 50, '3.00 PiB'],
  ])('%d bytes', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0.0451, '45 ms'],
    [0.9999, '1.00 s'],
    [3.214, '3.21 s'],
    [59.96, '1 min 00 s'],
    [245, '4 min 05 s'],
    [7380, '2 h 03 min'],
  ])('%d seconds', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it('has no rate where nothing was measured', () => {
    expect(formatRate(2 ** 30, 2)).toBe('512 MiB/s');
    expect(formatRate(0, 2)).toBe('-');
    expect(formatRate(5, 0)).toBe('-');
  });
});

describe('tables', () => {
  it('line up, without trailing blanks', () => {
    const text = formatTable(
      ['name', 'bytes', 'note'],
      [
        ['a', '10', ''],
        ['long name', '5', 'x'],
      ],
      ['left', 'right'],
    );
    expect(text.split('\n')).toEqual([
      'name       bytes  note',
      'a             10',
      'long name      5  x',
    ]);
  });

  it('leave out fields without a value', () => {
    expect(
      formatFields([
        ['a', '1'],
        ['b', undefined],
        ['long', '2'],
      ]),
    ).toBe('a     1\nlong  2');
  });
});

const result: IngestResult = {
  workflowId: 'ingest/minilm/latest/0123456789',
  artifact: `minilm@sha256:${'d'.repeat(64)}`,
  ref: 'minilm:latest',
  artifactId: 'a'.repeat(32),
  digest: 'd'.repeat(64),
  contentDigest: 'c'.repeat(64),
  sourceBytes: 90 * 2 ** 20,
  modelBytes: 45 * 2 ** 20,
  storedBytes: 46 * 2 ** 20,
  shards: 2,
  gate: { metric: 'cosine', mean: 0.97, min: 0.9, threshold: 0.95, passed: true, samples: 240 },
  stages: [
    { name: 'inspect', seconds: 0.5, bytes: 90 * 2 ** 20 },
    { name: 'publish', seconds: 0, bytes: 0 },
  ],
  leftOut: ['pytorch_model.bin'],
  droppedTensors: [],
};

describe('reports', () => {
  it('tell sizes, accuracy, time and rate of each stage, and where to look', () => {
    const lines = formatIngestReport(result, 'http://ui/job').split('\n');
    expect(lines).toContain('size before  90.0 MiB');
    expect(lines).toContain('size after   45.0 MiB (50.0 % of the source)');
    expect(lines).toContain('stored       46.0 MiB, encrypted');
    expect(lines).toContain('left out     pytorch_model.bin');
    expect(lines).toContain('web UI       http://ui/job');
    expect(lines).toContain(
      'accuracy     mean cosine 0.9700 (≥ 0.95), worst 0.9000, over 240 samples: passed',
    );
    expect(lines).toContain('inspect  500 ms  90.0 MiB  180 MiB/s');
    expect(lines).toContain('publish    0 ms       0 B          -');
    expect(lines.some((line) => line.startsWith('dropped'))).toBe(false);
  });

  it('tell the accuracy of language models, and that nothing was measured', () => {
    const gate = {
      metric: 'kl' as const,
      mean: 0.01,
      min: 0.02,
      threshold: 0.05,
      passed: false,
      samples: 100,
      perplexityIncrease: 0.031,
      perplexityThreshold: 0.02,
    };
    expect(formatGate(gate)).toBe(
      'mean KL 0.0100 nats (≤ 0.05), worst 0.0200, perplexity +3.1 % (≤ +2.0 %), over 100 samples: failed',
    );
    expect(formatGate(null)).toBe('not measured: nothing was quantized');
  });

  it('of npm start add the mapped copy', () => {
    const warm = {
      path: '/dev/shm/berth/models/c',
      artifact: result.artifact,
      contentDigest: result.contentDigest,
      bytes: 45 * 2 ** 20,
      residentBytes: 45 * 2 ** 20,
      seconds: 0.1,
      reused: false,
    };
    const lines = formatStartReport(result, warm, undefined).split('\n');
    expect(lines).toContain('mapped path  /dev/shm/berth/models/c');
    expect(lines).toContain('resident     45.0 MiB of 45.0 MiB (100.0 %)');
    expect(lines).toContain(`workflow     ${result.workflowId}`);
    expect(lines).toContain('warm     100 ms  45.0 MiB  450 MiB/s');
    const reused = formatStartReport(result, { ...warm, reused: true }, undefined);
    expect(reused).toMatch(/^warm +100 ms +45\.0 MiB +shared$/m);
  });
});

describe('formatLogLine', () => {
  it('makes a line of a pino entry and leaves others as they are', () => {
    const entry = { level: 40, time: 0, pid: 1, name: 'host', msg: 'late', ms: 5, who: 'x' };
    expect(formatLogLine(JSON.stringify(entry))).toBe(
      '1970-01-01T00:00:00.000Z  warn   late  ms=5  who=x',
    );
    for (const line of ['plain text', '{"a":1}', '{broken', '']) {
      expect(formatLogLine(line)).toBe(line);
    }
  });
});
