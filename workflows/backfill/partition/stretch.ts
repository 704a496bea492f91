import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import { type EmbedPageResult, recordsRead } from '../../contracts/backfill/pages.ts';
import { addCounts, type noCounts } from '../counts.ts';
import type { PartitionContext } from './context.ts';
import { awaitPace, beginsSoon } from './pace.ts';
import {
  embedPage,
  type PageEmbedder,
  type PagePlace,
  pageWasLost,
  writePage,
} from './pageSteps.ts';

/** Times in a row that a page is embedded again because its vectors were lost. */
const maxRemakes = 5;

/** Where the partition goes on; null: all of it is embedded. */
type NextPlace = PagePlace | null;

/**
 * Embeds and writes pages, in order, until the partition is done, paused, or its history long. One
 * page is embedded while the one before it is written. `state` follows what all stores have, so
 * that whoever goes on after a failure begins with the first page that some store may lack.
 *
 * @param writes scope of the writes: what is embedded gets written also when a lease is taken back
 */
export async function fillStretch(
  context: PartitionContext,
  embedder: PageEmbedder,
  writes: CancellationScope,
): Promise<void> {
  const { state } = context;
  // A page that is embedded again comes from the cache: what it took is known from the first time.
  const firstMade = new Map<number, EmbedPageResult>();
  let remakes = 0;
  let next: NextPlace = { page: state.page, cursor: state.cursor };
  let writing: Promise<void> = Promise.resolve();
  const startWriting = (place: PagePlace, made: EmbedPageResult) => {
    writing = writes.run(async () => {
      const counts = await writePage(context, place, firstMade.get(place.page) ?? made);
      advance(context, place, made, counts);
      firstMade.delete(place.page);
      remakes = 0;
    });
    writing.catch(() => undefined);
  };

  try {
    while (next !== null || !state.done) {
      try {
        if (next === null || mustStop(context)) {
          await writing;
          return;
        }
        const place: PagePlace = next;
        const made = await embedBeside(writing, context, embedder, place);
        if (made === 'stop') continue;
        if (!firstMade.has(place.page)) firstMade.set(place.page, made);
        startWriting(place, made);
        next = made.next === null ? null : { page: place.page + 1, cursor: made.next };
      } catch (error) {
        remakes += 1;
        if (!pageWasLost(error) || remakes > maxRemakes) throw error;
        state.counts.remade += 1;
        context.show(`page ${state.page} was lost; embedding it again`);
        next = { page: state.page, cursor: state.cursor };
        writing = Promise.resolve();
      }
    }
  } finally {
    await writing.catch(() => undefined);
  }
}

/** Embeds a page while the one before it is being written, whose failure ends both. */
async function embedBeside(
  writing: Promise<void>,
  context: PartitionContext,
  embedder: PageEmbedder,
  place: PagePlace,
): Promise<EmbedPageResult | 'stop'> {
  const scope = new CancellationScope();
  const embedding = scope.run(async () => {
    await awaitPace(context);
    if (mustStop(context)) return 'stop';
    context.pageBeganAt = Date.now();
    context.pageRecords = context.input.request.pageRecords;
    context.show(`embedding page ${place.page}`);
    const made = await embedPage(context, embedder, place);
    context.pageRecords = recordsRead(made);
    return made;
  });
  try {
    const [made] = await Promise.all([embedding, writing]);
    return made;
  } catch (error) {
    scope.cancel();
    await embedding.catch(() => undefined);
    throw error;
  }
}

function advance(
  context: PartitionContext,
  { page }: PagePlace,
  made: EmbedPageResult,
  counts: ReturnType<typeof noCounts>,
): void {
  const { state } = context;
  state.page = page + 1;
  state.cursor = made.next;
  state.done = made.next === null;
  state.counts = addCounts(state.counts, counts);
  context.report();
}

function mustStop(context: PartitionContext): boolean {
  return context.control.paused || !beginsSoon(context) || hasLongHistory(context);
}

export function hasLongHistory({ input }: PartitionContext): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  if (input.maxHistoryLength === undefined) return continueAsNewSuggested;
  return historyLength >= input.maxHistoryLength;
}
