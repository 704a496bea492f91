import type { Command } from 'commander';

/** One figure of ours beside an alternative's, both medians over interleaved rounds. */
export interface BenchRow {
  measure: string;
  unit: string;
  ours: number;
  /** Standard deviation of what `ours` is the mean of; null for a single value. */
  sd?: number | null;
  /** Absent where there is nothing to compare with, or it is not installed. */
  alternative?: { name: string; value: number };
  /** Ours divided by the alternative's: the median of the rounds' ratios. */
  ratio?: number;
}

export interface BenchTarget {
  measure: string;
  /** What is aimed at, in words. */
  target: string;
  /** Null where the target does not apply to this machine or could not be measured. */
  met: boolean | null;
  /** Why it does not apply, or what the reader should know. */
  note?: string;
}

export interface BenchReport {
  rows: BenchRow[];
  targets: BenchTarget[];
  notes?: string[];
}

/** Options as commander parses them; `say` is one line of progress on stderr. */
export type BenchOptions = Record<string, unknown>;
export type Say = (line: string) => void;

/** A benchmark: a file in this folder that exports one as `bench`, listed in registry.ts. */
export interface Bench {
  name: string;
  description: string;
  /** Adds its own options. */
  configure?(command: Command): void;
  run(options: BenchOptions, say: Say): Promise<BenchReport>;
}
