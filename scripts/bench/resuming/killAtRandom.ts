import { setTimeout as delay } from 'node:timers/promises';
import type { Paths } from '../../../activities/platform/paths.ts';
import type { BackfillHandle } from '../../../workers/client/index.ts';
import type { Say } from '../bench.ts';
import { killVictim, type Victim, waitFor } from './victims.ts';
import type { TextWatch } from './watchTexts.ts';

export interface Death {
  victim: Victim;
  /** performance.now() */
  at: number;
}

export interface KillPlan {
  /** Parts of the records that some bridge has got by then, ascending. */
  fractions: readonly number[];
  records: number;
  /** What a page takes: a kill falls anywhere within one. */
  pageMs: number;
  random: () => number;
  deal: () => Victim;
  /** Gets who died. */
  deaths: Death[];
  say: Say;
}

/** Kills one process after the other while a backfill runs. What it does not get to is not killed. */
export async function killAtRandom(
  paths: Paths,
  job: BackfillHandle,
  watch: TextWatch,
  { fractions, records, pageMs, random, deal, deaths, say }: KillPlan,
  interrupted: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  void job.result().then(
    () => ended.abort(),
    () => ended.abort(),
  );
  const over = AbortSignal.any([ended.signal, interrupted]);
  try {
    for (const fraction of fractions) {
      await waitFor(async () => watch.distinct() > fraction * records || undefined, over);
      await delay(random() * pageMs, undefined, { signal: over });
      const victim = deal();
      say(`resume: kill -9 of ${victim} at ${watch.distinct()} of ${records} records`);
      const death = { victim, at: performance.now() };
      deaths.push(death);
      await killVictim(paths, victim, over);
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error;
  }
}
