import { EventEmitter, on } from 'node:events';
import type { BackfillClient } from '../../../workers/client/backfill/backfillClient.ts';
import type { SearchResult } from '../../../workflows/contracts/backfill/activities.ts';

export interface Answer extends SearchResult {
  store: string;
}

export interface QueryLoop {
  /** All that was answered so far, in order. */
  answers: readonly Answer[];
  /** Resolves at the next answer of each store that names that physical collection. */
  answeredBy(physical: string): Promise<void>;
  /** Ends the loops. @throws what the first search that failed has thrown */
  stop(): Promise<void>;
}

/** Searches a collection in each store without a pause until it is stopped; one failure ends it. */
export function startQueryLoop(
  berth: Pick<BackfillClient, 'search'>,
  {
    collection,
    stores,
    queries,
  }: { collection: string; stores: readonly string[]; queries: readonly string[] },
): QueryLoop {
  const answers: Answer[] = [];
  const answered = new EventEmitter().setMaxListeners(0);
  const ended = new AbortController();
  const loop = async (store: string) => {
    for (let count = 0; !ended.signal.aborted; count += 1) {
      const query = queries[count % queries.length] ?? '';
      const answer = { store, ...(await berth.search(collection, query, { store, top: 3 })) };
      answers.push(answer);
      answered.emit('answer', answer);
    }
  };
  const loops = Promise.all(stores.map(loop));
  loops.catch((error) => ended.abort(error));

  return {
    answers,
    async answeredBy(physical) {
      const missing = new Set(stores);
      for await (const [answer] of on(answered, 'answer', { signal: ended.signal })) {
        if (answer.physical === physical) missing.delete(answer.store);
        if (missing.size === 0) return;
      }
    },
    async stop() {
      ended.abort();
      await loops;
    },
  };
}
