import { setTimeout as delay } from 'node:timers/promises';
import { parseCoreSet } from '../../../workers/devices/coreSets.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import { createChooser } from '../faults/seed.ts';
import { checkJournal, formatOffences } from './checkJournal.ts';
import type { ChurnStack } from './churnStack.ts';
import { createDisturber, disturbances } from './disturbances.ts';
import { createReplays, type Replays } from './replays.ts';
import {
  type Choose,
  chooseRun,
  churnTeams,
  describeRun,
  failureOf,
  isOpen,
  type Run,
  startRun,
} from './runs.ts';
import { findLeaks } from './settle.ts';

export interface ChurnOptions {
  seed: number;
  seconds: number;
  /** Leases that have to begin before it ends, unless it takes half as long again: machines differ. */
  leases: number;
  /** `berth run`s at a time. */
  runners: number;
}

export interface ChurnOutcome {
  /** What must not happen and did, with the journals' lines; empty when all is well. */
  offences: string;
  /** Leases that began on a device, and how often one that was over was refused. */
  begun: number;
  fenced: number;
  granted: number;
  /** Disturbances that had a victim. */
  disturbed: number;
  /** How many `berth run`s failed of what; by failure type. */
  failures: Record<string, number>;
  /** What was done, and what became of each `berth run`. */
  history: string;
}

/** Holders at all times, and disturbances one after the other, for a while; then what is left of it. */
export async function churn(stack: ChurnStack, options: ChurnOptions): Promise<ChurnOutcome> {
  const { seed, seconds } = options;
  // One chooser each: how long things take on this machine must not change what is done.
  const chooseDisturbance = createChooser(seed);
  const disturber = createDisturber(createChooser(seed + 1));
  const runs: Run[] = [];
  const holders: string[] = [];
  const done: string[] = [];
  let disturbed = 0;
  const replays = createReplays(stack);
  const over = new AbortController();
  const { signal } = over;
  const pause = (ms: number) => delay(ms, undefined, { signal }).catch(() => undefined);

  const holding = Promise.all([
    keepRunning(stack, options.runners, createChooser(seed + 2), runs, signal, pause),
    keepHolding(stack, createChooser(seed + 3), holders, signal, pause),
    keepReplaying(replays, createChooser(seed + 4), signal, pause),
  ]);
  const [began, since] = [performance.now(), Date.now()];
  const goesOn = (): boolean => {
    const gone = (performance.now() - began) / 1000;
    return gone < seconds || (gone < 1.5 * seconds && begunOf(stack) < options.leases);
  };
  for (let deck: string[] = []; goesOn(); ) {
    await pause(chooseDisturbance([300, 600, 1_200]));
    await untilSomethingBegins(stack, pause, goesOn);
    if (!goesOn()) break;
    if (deck.length === 0) deck = [...disturbances];
    const kind = chooseDisturbance(deck) as (typeof disturbances)[number];
    deck.splice(deck.indexOf(kind), 1);
    const at = ((performance.now() - began) / 1000).toFixed(1);
    const victim = await disturber
      .disturb(kind, { churn: stack, runs, holders })
      .catch((error) => `failed: ${error}`);
    if (victim !== undefined && !victim.startsWith('failed')) disturbed += 1;
    done.push(`${at} s: ${kind}: ${victim ?? 'nobody there'}`);
  }
  over.abort();
  await disturber.calm(stack);
  await holding;
  const { leaks, granted } = await findLeaks(stack, runs);
  await replayAll(replays, createChooser(seed + 5));
  await stack.watch.stop();
  const lines = stack.journal.read();
  const offences = checkJournal(lines, { now: Date.now(), cores: await coresOf(stack) });
  return {
    offences: [...leaks, formatOffences(offences)].filter(Boolean).join('\n'),
    begun: begunOf(stack),
    fenced: lines.filter((line) => line.event === 'replayed' && line.answer === 'LeaseFenced')
      .length,
    granted,
    disturbed,
    failures: countFailures(runs),
    history: [...done, ...runs.map((run) => describeRun(run, since))].join('\n'),
  };
}

const begunOf = ({ watch }: ChurnStack): number =>
  new Set(watch.begun().map(({ leaseId }) => leaseId)).size;

/** A fault matters to those who hold; but one that nobody gets past must be followed by another one. */
async function untilSomethingBegins(
  stack: ChurnStack,
  pause: Pause,
  goesOn: () => boolean,
): Promise<void> {
  const before = begunOf(stack);
  for (let look = 0; look < 50 && begunOf(stack) === before && goesOn(); look += 1) {
    await pause(200);
  }
}

function countFailures(runs: readonly Run[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const run of runs) {
    const type = failureOf(run);
    if (type !== undefined) counts[type] = (counts[type] ?? 0) + 1;
  }
  return counts;
}

/** For people: how much was tried. */
export const summarize = (seed: number, outcome: ChurnOutcome): string =>
  `seed ${seed}: ${outcome.disturbed} disturbances, ${outcome.granted} leases granted, ${outcome.begun} began, ${outcome.fenced} calls of ended leases refused; failures of berth run: ${JSON.stringify(outcome.failures)}`;

type Pause = (ms: number) => Promise<unknown>;

async function keepRunning(
  stack: ChurnStack,
  runners: number,
  choose: Choose,
  runs: Run[],
  signal: AbortSignal,
  pause: Pause,
): Promise<void> {
  while (!signal.aborted) {
    if (runs.filter(isOpen).length < runners) {
      runs.push(startRun(stack, chooseRun(choose, stack.journal.folder)));
    }
    await pause(choose([200, 500, 1_000]));
  }
}

/** Workflows of a user's own, several at a time. */
async function keepHolding(
  { client, worker: { taskQueue } }: ChurnStack,
  choose: Choose,
  holders: string[],
  signal: AbortSignal,
  pause: Pause,
): Promise<void> {
  const open = new Set<Promise<unknown>>();
  while (!signal.aborted) {
    if (open.size < 4) {
      const workflowId = `churn/${holders.length}`;
      holders.push(workflowId);
      const spec = {
        team: choose(churnTeams),
        devices: choose([1, 1, 2]),
        restartable: choose([false, true]),
        preemptible: choose([false, true]),
      };
      const seconds = choose([0.2, 1, 3]);
      const ended: Promise<unknown> = client.workflow
        .execute('churnHolderWorkflow', { workflowId, taskQueue, args: [spec, seconds] })
        // How it ended is its own affair; whether, is seen in the end.
        .catch(() => undefined)
        .finally(() => open.delete(ended));
      open.add(ended);
    }
    await pause(choose([500, 1_000]));
  }
}

async function keepReplaying(
  replays: Replays,
  choose: Choose,
  signal: AbortSignal,
  pause: Pause,
): Promise<void> {
  const asked = new Set<Promise<unknown>>();
  while (!signal.aborted) {
    await pause(1_000);
    const over = await replays.over().catch((): Lease[] => []);
    if (over.length === 0) continue;
    await replays.bySocket(choose(over));
    if (asked.size > 0) continue;
    const asking: Promise<unknown> = replays.byActivity(choose(over)).finally(() => {
      asked.delete(asking);
    });
    asked.add(asking);
  }
  await Promise.all(asked);
}

/** In the end every lease that ever began is over. */
async function replayAll(replays: Replays, choose: Choose): Promise<void> {
  const over = await replays.over();
  for (const lease of over) await replays.bySocket(lease);
  const some = over.length === 0 ? [] : Array.from({ length: 6 }, () => choose(over));
  for (const lease of new Set(some)) await replays.byActivity(lease);
}

async function coresOf(stack: ChurnStack): Promise<Map<string, Set<number>>> {
  const devices = await stack.json<{ deviceId: string; cores: string | null }[]>('devices');
  return new Map(
    devices.map(({ deviceId, cores }) => [deviceId, new Set(parseCoreSet(cores ?? ''))]),
  );
}
