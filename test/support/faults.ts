import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import type { ProcessIdentity } from '../../workers/supervisor/procfs.ts';
import { requireStack } from '../../workers/supervisor/stack.ts';
import { type ArmedHalt, createHalts, type Halts } from './faults/halts.ts';
import { type JobView, viewJob } from './faults/jobView.ts';
import { findLeftovers } from './faults/leftovers.ts';
import type { FaultPoint, Method } from './faults/points.ts';
import {
  findVictim,
  killVictim,
  processesOf,
  untilGone,
  untilServing,
  type Victim,
} from './faults/victims.ts';
import { startTestStack, type TestStack } from './stack.ts';
import { tinyModel } from './tinyModel.ts';

/** A real stack whose processes are to die, and a small real model to bring in meanwhile. */
export interface FaultStack extends TestStack {
  paths: Paths;
  halts: Halts;
  source: string;
  calibration: string;
  /** Every process that was seen in it. */
  known: ProcessIdentity[];
}

/** A process that dies at a step of the job. */
export interface Fault {
  victim: Victim;
  point: FaultPoint;
}

export interface FaultedJob {
  workflowId: string;
  shards: number;
  method: Method;
  /** Completed activities by type, those of a shard by `type index`. */
  completed: Record<string, number>;
}

/** Shards that the tiny model has under `shardSize`. */
export const shardsOf: Record<Method, number> = { none: 7, nf4: 5 };
const shardSize: Record<Method, string> = { none: '4MiB', nf4: '1MiB' };

/** A heartbeat time-out (20 s), a back-off of up to 30 s and a start of the stack. */
const patienceMs = 120_000;

export async function startFaultStack(env: Record<string, string> = {}): Promise<FaultStack> {
  const halts = await createHalts();
  const source = await tinyModel();
  const stack = await startTestStack({ ...halts.env, ...env });
  const calibration = join(stack.home, 'calibration.txt');
  await writeFile(calibration, 'a ship lies at the quay\nnobody knows the cargo\n');
  return {
    ...stack,
    paths: createPaths(stack.home, stack.shm),
    halts,
    source,
    calibration,
    known: [],
    async stop() {
      await stack.stop();
      await halts.remove();
    },
  };
}

/** Options of an ingest of the tiny model; the gate is there, but not what is tested. */
export function ingestArguments(stack: FaultStack, method: Method, name: string): string[] {
  const options = ['--name', name, '--quantize', method, '--shard-size', shardSize[method]];
  const gate = ['--gate-min-cosine', '0.5', '--calibration', stack.calibration];
  return ['ingest', stack.source, ...options, ...(method === 'none' ? [] : gate)];
}

/** Brings the tiny model in while processes die, one after the other, and waits for the end. */
export async function ingestUnderFaults(
  stack: FaultStack,
  { method, name, faults }: { method: Method; name: string; faults: readonly Fault[] },
): Promise<FaultedJob> {
  const armed = new Map<Fault, ArmedHalt>();
  const arm = async (fault: Fault | undefined) => {
    if (fault === undefined || 'activity' in fault.point.at) return;
    armed.set(fault, await stack.halts.arm(fault.point.at));
  };
  await arm(faults[0]);
  const ingest = [...ingestArguments(stack, method, name), '--detach'];
  const { workflowId } = await stack.json<{ workflowId: string }>(...ingest);
  for (const [index, fault] of faults.entries()) {
    const halt = armed.get(fault);
    await withView(stack, workflowId, (view) =>
      describing(`step ${index}: kill ${fault.victim} at ${fault.point.name}`, async (givenUp) => {
        if ('activity' in fault.point.at) await view.whileRunning(fault.point.at.activity, givenUp);
        else await halt?.reached(givenUp);
        // Armed before anything goes on: the next step must not slip by.
        await arm(faults[index + 1]);
        await strike(stack, fault, givenUp);
        await halt?.release();
      }),
    );
  }
  await stack.json('watch', workflowId);
  const completed = await withView(stack, workflowId, (view) => view.completed());
  return { workflowId, shards: shardsOf[method], method, completed };
}

async function strike(stack: FaultStack, { victim, point }: Fault, givenUp: AbortSignal) {
  if (point.leased) await findVictim(stack.paths, 'bridge', givenUp);
  const found = await findVictim(stack.paths, victim, givenUp);
  const before = await processesOf(stack.paths);
  stack.known.push(...before);
  await killVictim(found, givenUp);
  if (victim === 'supervisor') {
    await untilGone(before, givenUp);
    await stack.json('up', '--detach');
  } else if (victim !== 'bridge') {
    await untilServing(stack.paths, found, givenUp);
  }
}

/** Everything that is wrong after a job that is done: nothing, one hopes. Removes the model. */
export async function findDamage(
  stack: FaultStack,
  { completed, shards, method }: FaultedJob,
  name: string,
): Promise<string[]> {
  const make = method === 'none' ? 'assembleShard' : 'quantizeShard';
  const once = [
    ...['inspectSource', 'planShards', 'sealCarriedFiles', 'publishArtifact'],
    ...Array.from({ length: shards }, (_, index) => [`${make} ${index}`, `sealShard ${index}`]),
  ].flat();
  const damage = once
    .filter((activity) => completed[activity] !== 1)
    .map((activity) => `${activity} was completed ${completed[activity] ?? 0} times`);
  const verified = await stack.json<{ ok: boolean; failures: unknown[] }>('verify', name);
  if (!verified.ok) damage.push(`verify: ${JSON.stringify(verified.failures)}`);
  const warm = await stack.json<{ path: string }>('warm', name);
  damage.push(...(await findLeftovers(stack.paths, stack.known)));
  await stack.json('evict', name);
  await stack.json('remove', name, '--yes');
  const { store, modelsRoot } = stack.paths;
  for (const folder of [store.blobsRoot, store.wrapsRoot, store.manifests, modelsRoot]) {
    const names = await readdir(folder);
    damage.push(...names.map((left) => `${folder}/${left} stayed after ${warm.path} was removed`));
  }
  return damage;
}

/** The address is read anew: a server that came back may have taken another port. */
async function withView<T>(
  stack: FaultStack,
  workflowId: string,
  use: (view: JobView) => Promise<T>,
): Promise<T> {
  const { temporal } = await requireStack(stack.paths);
  const view = viewJob(temporal?.address ?? '', workflowId);
  try {
    return await use(view);
  } finally {
    await view.close();
  }
}

async function describing(what: string, run: (givenUp: AbortSignal) => Promise<void>) {
  try {
    await run(AbortSignal.timeout(patienceMs));
  } catch (error) {
    throw new Error(`${what}: ${error}`, { cause: error });
  }
}
