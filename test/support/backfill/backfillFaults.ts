import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removePartialFiles } from '../../../activities/artifacts/store/partials.ts';
import { backfillWorkflowId } from '../../../workflows/contracts/backfill/messages.ts';
import type { BackfillResult } from '../../../workflows/contracts/backfill/progress.ts';
import type { ArmedHalt, HaltPoint } from '../faults/halts.ts';
import type { JobView } from '../faults/jobView.ts';
import { findLeftovers } from '../faults/leftovers.ts';
import type { Victim } from '../faults/victims.ts';
import { describing, type FaultStack, startFaultStack, strike, withView } from '../faults.ts';
import type { CorpusRecord } from './hostJob.ts';

/** A stack whose processes are to die while it fills its own two stores with a small corpus. */
export interface BackfillStack extends FaultStack {
  corpus: string;
  /** Writes the corpus anew. */
  write(records: readonly CorpusRecord[]): Promise<void>;
}

/** A process that dies when a backfill has come to a place. */
export interface BackfillFault {
  victim: Victim;
  at: HaltPoint;
  /** Whether the halted worker goes on before the victim dies, not after. */
  running: boolean;
}

export const pageRecords = 40;
export const partitionPages = 2;
export const collection = 'docs';
export const workflowId = backfillWorkflowId(collection);

/** Processes that take part in filling. */
export const fillers = ['workflow', 'host', 'device', 'bridge', 'chroma', 'temporal'] as const;

export async function startBackfillStack(): Promise<BackfillStack> {
  const stack = await startFaultStack();
  const corpus = join(stack.home, 'corpus.jsonl');
  const write = (records: readonly CorpusRecord[]) =>
    writeFile(corpus, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  try {
    await stack.json('ingest', stack.source, '--name', 'tiny', '--quantize', 'none');
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return { ...stack, corpus, write };
}

/** The arguments of a backfill of the corpus into both stores, that returns at once. */
export function fillArguments(stack: BackfillStack, ...more: string[]): string[] {
  const stores = ['--store', 'chroma', '--store', 'lancedb', '--sample', '100'];
  const pages = ['--page-records', `${pageRecords}`, '--partition-pages', `${partitionPages}`];
  const model = ['--collection', collection, '--model', 'tiny', '--concurrency', '2'];
  return ['backfill', 'start', stack.corpus, ...model, ...stores, ...pages, ...more];
}

/** When a device worker gives, or has given, a page of the first pass its name. */
export function atPage(page: number, when: HaltPoint['when']): HaltPoint {
  const name = `${Math.floor(page / partitionPages)}-${page % partitionPages}`;
  return {
    worker: 'device',
    when,
    operation: 'rename',
    path: `/pages/[0-9a-f]{32}/${name}\\.page$`,
  };
}

/** Steps of the query worker for the known items of the verification. */
export const querySteps: readonly HaltPoint[] = [
  // Their texts are still in shared memory then.
  { worker: 'query', when: 'before', operation: 'rm', path: '/queries/embed-[0-9a-f]+\\.jsonl$' },
  {
    ...{ worker: 'query', when: 'before', operation: 'rename' },
    path: '/backfills/[0-9a-f]{32}/known-items\\.json$',
  },
];

/** Fills while processes die, in the order given, and waits for the end. */
export async function fillUnderFaults(
  stack: BackfillStack,
  faults: readonly BackfillFault[],
  ...more: string[]
): Promise<BackfillResult> {
  // All at once: two partitions are under way, and no page may slip by.
  const halts = await Promise.all(faults.map(({ at }) => stack.halts.arm(at)));
  await stack.json(...fillArguments(stack, ...more), '--detach');
  for (const [index, fault] of faults.entries()) {
    await atHalt(
      stack,
      halts[index]!,
      `kill ${fault.victim} at ${fault.at.path}`,
      async (givenUp) => {
        if (fault.running) await halts[index]!.release();
        await strike(stack, fault.victim, givenUp);
      },
    );
  }
  return stack.json<BackfillResult>('watch', workflowId);
}

/** Waits until a worker stands at a halt, does something, and lets the worker go on. */
export async function atHalt(
  stack: BackfillStack,
  halt: ArmedHalt,
  what: string,
  act: (givenUp: AbortSignal, view: JobView) => Promise<void>,
): Promise<void> {
  await withView(stack, workflowId, (view) =>
    describing(view, what, async (givenUp) => {
      await halt.reached(givenUp);
      await act(givenUp, view);
      await halt.release();
    }),
  );
}

/** Backfills up to a page, does something there, and tells how the job ended. */
export async function fillAndMeanwhile(
  stack: BackfillStack,
  page: number,
  act: (givenUp: AbortSignal, view: JobView) => Promise<void>,
  ...more: string[]
) {
  const halt = await stack.halts.arm(atPage(page, 'before'));
  await stack.json(...fillArguments(stack, ...more), '--detach');
  await atHalt(stack, halt, `page ${page}`, act);
  return stack.run('watch', workflowId, '--json');
}

/** What no job may leave: pages, texts, ledgers, half-written files, processes of no stack. */
export async function findBackfillLeftovers(stack: BackfillStack): Promise<string[]> {
  const { paths, known } = stack;
  // What the sweep removes once it is old: a killed writer cannot.
  for (const folder of [paths.backfillsRoot, paths.sourcePlaces]) {
    await removePartialFiles(folder, { olderThanMs: 0, recursive: false });
  }
  const left = await findLeftovers(paths, known);
  for (const root of [paths.pagesRoot, paths.backfillsRoot, paths.queries]) {
    const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    left.push(...names.map((name) => join(root, name)));
  }
  // Kept for the next jobs: how fast models embed, where sources lay, and the folder for queries.
  const kept = new Set([paths.embeddingRates, paths.sourcePlaces, paths.queries]);
  return left.filter((path) => !kept.has(path));
}
