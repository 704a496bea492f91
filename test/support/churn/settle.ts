import { setTimeout as delay } from 'node:timers/promises';
import { openUsageStore } from '../../../activities/usage/openUsageStore.ts';
import { usageLocation } from '../../../activities/usage/usageLocation.ts';
import { listProcesses } from '../../../workers/supervisor/procfs.ts';
import { type HoldLeaseState, holdQueries } from '../../../workflows/contracts/pool/hold.ts';
import type { ChurnStack } from './churnStack.ts';
import { environmentOf } from './environmentOf.ts';
import { failedUnexpectedly, isOpen, type Run } from './runs.ts';

const patienceMs = 150_000;
const lookMs = 500;

/**
 * What must be true once everybody has had their turn: no lease lost or leaked, nobody who waits for
 * ever, no process left, every lease recorded once.
 * @returns what is not, in words
 */
export async function findLeaks(
  churn: ChurnStack,
  runs: readonly Run[],
): Promise<{ leaks: string[]; granted: number }> {
  const leaks: string[] = [];
  const expectSoon = async (look: () => Promise<string | undefined>): Promise<void> => {
    const found = await untilNone(look);
    if (found !== undefined) leaks.push(found);
  };
  await expectSoon(async () => describe('berth run that has not ended', runs.filter(isOpen)));
  await expectSoon(() => openWorkflows(churn));
  await expectSoon(() => poolLeftovers(churn));
  await expectSoon(async () => leasedProcesses(churn.home));
  const failed = runs.filter(failedUnexpectedly);
  if (failed.length > 0) leaks.push(describe('berth run that failed of itself', failed) ?? '');
  const { granted } = (await churn.pool.describe()).totals;
  await expectSoon(() => unrecordedUsage(churn, granted));
  return { leaks, granted };
}

/** @returns what was found last; undefined once nothing is */
async function untilNone(look: () => Promise<string | undefined>): Promise<string | undefined> {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const found = await look().catch((error) => `not to be found out: ${error}`);
    if (found === undefined || performance.now() > giveUpAt) return found;
    await delay(lookMs);
  }
}

function describe(what: string, runs: readonly Run[]): string | undefined {
  if (runs.length === 0) return undefined;
  const each = runs.map(
    ({ args, child, stderr }) => `  ${child.pid} berth ${args.join(' ')}\n${indent(stderr)}`,
  );
  return [what, ...each].join('\n');
}

const indent = (text: string): string => text.trim().replace(/^/gm, '    ');

/** The pool itself goes on for ever. */
async function openWorkflows({ client }: ChurnStack): Promise<string | undefined> {
  const open: string[] = [];
  for await (const { workflowId, type } of client.workflow.list({
    query: 'ExecutionStatus = "Running"',
  })) {
    if (type === 'gpuPoolWorkflow') continue;
    if (type === 'holdLeaseWorkflow' && (await holdsNothing(client, workflowId))) continue;
    open.push(workflowId);
  }
  return open.length === 0 ? undefined : `workflows that have not ended: ${open.join(', ')}`;
}

/** Its lease is over, and it only waits for the last word of a runner that was killed. */
async function holdsNothing(client: ChurnStack['client'], workflowId: string): Promise<boolean> {
  const { phase } = await client.workflow
    .getHandle(workflowId)
    .query<HoldLeaseState>(holdQueries.state);
  return phase === 'ended';
}

async function poolLeftovers({ pool }: ChurnStack): Promise<string | undefined> {
  const { leases, queue, devices, hosts } = await pool.describe();
  const free = devices.length === 2 && devices.every(({ state }) => state === 'free');
  const live = hosts.length === 1 && hosts.every(({ state }) => state === 'live');
  if (leases.length === 0 && queue.length === 0 && free && live) return undefined;
  return `the pool is not empty: ${JSON.stringify({ leases, queue, devices, hosts })}`;
}

/** Everything that was started under a lease carries its file's name. */
function leasedProcesses(home: string): string | undefined {
  const left = listProcesses().filter(({ pid }) =>
    environmentOf(pid).some((entry) => entry.startsWith(`BERTH_LEASE=${home}/`)),
  );
  if (left.length === 0) return undefined;
  return `processes left under leases: ${left.map(({ pid }) => pid).join(', ')}`;
}

async function unrecordedUsage(churn: ChurnStack, granted: number): Promise<string | undefined> {
  const store = await openUsageStore(usageLocation(undefined, churn.home));
  try {
    const ids = (await store.leases()).map(({ leaseId }) => leaseId);
    const begun = new Set(churn.watch.begun().map(({ leaseId }) => leaseId));
    const missing = [...begun].filter((leaseId) => !ids.includes(leaseId));
    const twice = ids.length - new Set(ids).size;
    if (missing.length === 0 && twice === 0 && ids.length === granted) return undefined;
    return `${granted} leases were granted, ${ids.length} are recorded, ${twice} twice; not recorded: ${missing.join(', ') || 'none that began'}`;
  } finally {
    await store.close();
  }
}
