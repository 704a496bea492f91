import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { identifyProcess, isAlive } from '../../../workers/supervisor/procfs.ts';
import { readStack } from '../../../workers/supervisor/stack.ts';
import {
  findVictim,
  killVictim,
  processesOf,
  untilGone,
  untilServing,
  type Victim,
} from '../faults/victims.ts';
import { type ChurnStack, churnTimes } from './churnStack.ts';
import { type Choose, isOpen, type Run } from './runs.ts';

/** What is done to those who hold leases and to the stack; several at a time where they allow it. */
export const disturbances = [
  'kill a runner',
  'kill a runner',
  'kill a command',
  'kill a command',
  'kill a device worker',
  'kill the host worker',
  'kill the pool',
  'kill the server',
  'kill the supervisor',
  "kill the user's worker",
  'terminate a holder',
  'cancel a holder',
  'terminate a hold',
  'cancel a hold',
  'pause a runner',
  'pause a command',
  'pause a device worker',
  'pause the pool',
  'pause the supervisor',
  'drain a device',
  'drain and revoke a device',
  'apply teams',
] as const;
export type Disturbance = (typeof disturbances)[number];

export interface Scene {
  churn: ChurnStack;
  runs: readonly Run[];
  /** Workflow ids of the user's holders. */
  holders: readonly string[];
}

/** Longer than a lease lives without being renewed. */
const pauseMs = churnTimes.leaseLifeMs + 2_000;
const drainMs = 4_000;
/** For a stack that comes up again on a busy machine. */
const patienceMs = 240_000;

/** Past pauses and drains that end by themselves later. */
export interface Disturber {
  /** Resolves when the next one may come. @returns what was done; undefined when there was no victim */
  disturb(kind: Disturbance, scene: Scene): Promise<string | undefined>;
  /** Resolves when nothing is paused or drained any more and the stack serves. */
  calm(churn: ChurnStack): Promise<void>;
}

export function createDisturber(choose: Choose): Disturber {
  const later = new Set<Promise<void>>();
  const background = (work: Promise<void>): void => {
    const noted = work.finally(() => later.delete(noted));
    later.add(noted);
  };

  const workers: Record<string, Victim> = {
    'kill a device worker': 'device',
    'kill the host worker': 'host',
    'kill the pool': 'workflow',
    'kill the server': 'temporal',
  };

  /** A pid of the stack, or of something that runs under a lease. */
  async function victimOf(what: string, { churn, runs }: Scene): Promise<number | undefined> {
    if (what === 'a runner') return pick(runs.filter(isOpen))?.child.pid;
    if (what === 'a command') return pick(churn.watch.alive())?.pid;
    if (what === "the user's worker") return churn.worker.pid();
    const stack = await readStack(churn.paths);
    if (what === 'the supervisor') return stack?.supervisor.pid;
    const named = stack?.processes.filter(({ name, deviceId }) =>
      what === 'the pool' ? name === 'workflow' : deviceId !== null,
    );
    return pick(named ?? [])?.pid ?? undefined;
  }

  const pick = <T>(among: readonly T[]): T | undefined =>
    among.length === 0 ? undefined : choose(among);

  async function pause(what: string, scene: Scene): Promise<string | undefined> {
    const pid = await victimOf(what, scene);
    const victim = pid === undefined ? undefined : identifyProcess(pid);
    if (victim === undefined) return undefined;
    process.kill(victim.pid, 'SIGSTOP');
    const resumed = delay(pauseMs).then(() => {
      if (isAlive(victim)) process.kill(victim.pid, 'SIGCONT');
    });
    // Nothing else could be done to a stack whose supervisor stands still.
    if (what === 'the supervisor') await resumed;
    else background(resumed);
    return `${victim.pid}`;
  }

  async function killSupervisor({ churn }: Scene): Promise<string> {
    const givenUp = AbortSignal.timeout(patienceMs);
    const supervisor = await findVictim(churn.paths, 'supervisor', givenUp);
    const before = await processesOf(churn.paths);
    await killVictim(supervisor, givenUp);
    await untilGone(before, givenUp);
    await churn.json('up', '--detach');
    return `${supervisor.pid}`;
  }

  async function killWorker(victim: Victim, { churn }: Scene): Promise<string> {
    const givenUp = AbortSignal.timeout(patienceMs);
    const found = await findVictim(churn.paths, victim, givenUp);
    await killVictim(found, givenUp);
    await untilServing(churn.paths, found, givenUp);
    return `${found.pid}`;
  }

  async function killLeased(what: string, scene: Scene): Promise<string | undefined> {
    const pid = await victimOf(what, scene);
    if (pid === undefined) return undefined;
    for (const run of scene.runs) if (run.child.pid === pid) run.killed = true;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      return undefined;
    }
    return `${pid}`;
  }

  async function endHolder(kind: string, { churn, holders }: Scene): Promise<string | undefined> {
    const { client, pool } = churn;
    const { leases, queue } = await pool.describe();
    const holds = [...leases, ...queue].map(({ holder }) => holder.workflowId);
    const among = kind.endsWith('a hold')
      ? holds.filter((id) => id.startsWith('lease/'))
      : holds.filter((id) => holders.includes(id));
    const workflowId = pick(among.sort());
    if (workflowId === undefined) return undefined;
    const handle = client.workflow.getHandle(workflowId);
    if (kind.startsWith('terminate')) await handle.terminate('churn');
    else await handle.cancel();
    return workflowId;
  }

  async function drain(revoke: boolean, { churn }: Scene): Promise<string> {
    const label = choose(['cpu0', 'cpu1']);
    await churn.pool.drain(label, { revoke });
    background(delay(drainMs).then(() => retried(() => churn.pool.undrain(label))));
    return label;
  }

  async function applyTeams({ churn }: Scene): Promise<string> {
    const name = choose(Object.keys(teamsFiles).sort());
    const path = join(churn.home, 'teams.yaml');
    await writeFile(path, teamsFiles[name] ?? '');
    await churn.pool.applyTeams(path);
    return name;
  }

  async function act(kind: Disturbance, scene: Scene): Promise<string | undefined> {
    const worker = workers[kind];
    if (worker !== undefined) return killWorker(worker, scene);
    if (kind === 'kill the supervisor') return killSupervisor(scene);
    if (kind.startsWith('kill ')) return killLeased(kind.slice(5), scene);
    if (kind.startsWith('pause ')) return pause(kind.slice(6), scene);
    if (kind === 'apply teams') return applyTeams(scene);
    if (kind.startsWith('drain')) return drain(kind.includes('revoke'), scene);
    return endHolder(kind, scene);
  }

  return {
    disturb: act,
    async calm(churn) {
      while (later.size > 0) await Promise.allSettled([...later]);
      if ((await readStack(churn.paths)) === undefined) await churn.json('up', '--detach');
      for (const label of ['cpu0', 'cpu1']) await retried(() => churn.pool.undrain(label));
      const path = join(churn.home, 'teams.yaml');
      await writeFile(path, teamsFiles.open ?? '');
      await retried(() => churn.pool.applyTeams(path));
    },
  };
}

/** Until the stack serves again. */
async function retried(call: () => Promise<unknown>): Promise<void> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    try {
      await call();
      return;
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await delay(500);
    }
  }
}

const teamsFiles: Record<string, string> = {
  open: `teams:
  default: {}
  nlp: { teams: { ann: {}, bob: {} } }
  vision: {}
`,
  quotas: `teams:
  default: {}
  nlp: { quota: { devices: 1 }, weight: 2, teams: { ann: {}, bob: { weight: 3 } } }
  vision: { quota: { devices: 1 } }
`,
  limits: `teams:
  default: { limit: { devices: 2 } }
  nlp: { limit: { devices: 1 }, teams: { ann: {}, bob: {} } }
  vision: {}
`,
};
