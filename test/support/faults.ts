import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTree } from '../../activities/artifacts/plaintext/folder.ts';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import type { ProcessIdentity } from '../../workers/supervisor/procfs.ts';
import { requireStack } from '../../workers/supervisor/stack.ts';
import { type ArmedHalt, createHalts, type Halts } from './faults/halts.ts';
import { type JobView, viewJob } from './faults/jobView.ts';
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
  /** Its scratch was lost with the machine, so that shards had to be made again. */
  rebooted: boolean;
  /** Completed activities by type, those of a shard by `type index`. */
  completed: Record<string, number>;
}

/** Shards that the tiny model has under `shardSize`. */
export const shardsOf: Record<Method, number> = { none: 7, nf4: 5 };
const shardSize: Record<Method, string> = { none: '4MiB', nf4: '1MiB' };

/** Heartbeat time-outs (20 s), back-offs of up to 30 s, starts of a stack and of a bridge. */
const patienceMs = 300_000;

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
      describing(view, `kill ${fault.victim} at ${fault.point.name}`, async (givenUp) => {
        await arrive(stack, view, fault.point, halt, givenUp);
        // Armed before anything goes on: the next step must not slip by.
        await arm(faults[index + 1]);
        await strike(stack, fault.victim, givenUp);
        await halt?.release();
      }),
    );
  }
  await stack.json('watch', workflowId);
  const completed = await withView(stack, workflowId, (view) => view.completed());
  const rebooted = faults.some(({ victim }) => victim === 'machine');
  return { workflowId, shards: shardsOf[method], method, rebooted, completed };
}

/** Kills a process of the stack, and waits until it serves again in a new life. */
export async function strike(stack: FaultStack, victim: Victim, givenUp: AbortSignal) {
  const found = await findVictim(stack.paths, victim, givenUp);
  const before = await processesOf(stack.paths);
  stack.known.push(...before);
  await killVictim(found, givenUp);
  if (victim === 'supervisor' || victim === 'machine') {
    await untilGone(before, givenUp);
    if (victim === 'machine') await forgetSharedMemory(stack.shm);
    await stack.json('up', '--detach');
  } else if (victim !== 'bridge') {
    await untilServing(stack.paths, found, givenUp);
  }
}

async function forgetSharedMemory(shm: string): Promise<void> {
  for (const name of await readdir(shm)) await removeTree(join(shm, name));
}

/** How a job ended that was cancelled at a step. */
export interface CancelledJob {
  /** False when it was done before the request could be heeded. */
  cancelled: boolean;
  code: number;
}

/** Brings the tiny model in, and asks `berth cancel` to stop it at a step. */
export async function cancelAt(
  stack: FaultStack,
  { method, name, point }: { method: Method; name: string; point: FaultPoint },
): Promise<CancelledJob> {
  const halt = 'activity' in point.at ? undefined : await stack.halts.arm(point.at);
  const ingest = [...ingestArguments(stack, method, name), '--detach'];
  const { workflowId } = await stack.json<{ workflowId: string }>(...ingest);
  let cancelling: ReturnType<TestStack['run']> | undefined;
  await withView(stack, workflowId, (view) =>
    describing(view, `cancel at ${point.name}`, async (givenUp) => {
      await arrive(stack, view, point, halt, givenUp);
      stack.known.push(...(await processesOf(stack.paths)));
      cancelling = stack.run('cancel', workflowId, '--json');
      await view.cancelRequested(givenUp);
      await halt?.release();
    }),
  );
  const { code, stdout, stderr } = (await cancelling) ?? { code: -1, stdout: '', stderr: '' };
  const { cancelled } = JSON.parse(stdout === '' ? '{}' : stdout);
  if (typeof cancelled !== 'boolean') throw new Error(`berth cancel: exit ${code}\n${stderr}`);
  return { cancelled, code };
}

async function arrive(
  stack: FaultStack,
  view: JobView,
  { at }: FaultPoint,
  halt: ArmedHalt | undefined,
  givenUp: AbortSignal,
): Promise<void> {
  if (!('activity' in at)) return halt?.reached(givenUp);
  await view.whileRunning(at.activity, givenUp);
  await findVictim(stack.paths, 'bridge', givenUp);
}

/** The address is read anew: a server that came back may have taken another port. */
export async function withView<T>(
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

export async function describing(
  view: JobView,
  what: string,
  run: (givenUp: AbortSignal) => Promise<void>,
): Promise<void> {
  try {
    await run(AbortSignal.timeout(patienceMs));
  } catch (error) {
    const state = await view.summary().catch((reason) => `its state is unknown: ${reason}`);
    throw new Error(`${what}: ${error}; ${state}`, { cause: error });
  }
}
