import { readdir } from 'node:fs/promises';
import { requireStack } from '../../../workers/supervisor/stack.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import type { CancelledJob, FaultedJob, FaultStack } from '../faults.ts';
import { findLeftovers } from './leftovers.ts';

/** Everything that is wrong after a job that is done: nothing, one hopes. Removes the model. */
export async function findDamage(
  stack: FaultStack,
  { completed, shards, method, rebooted }: FaultedJob,
  name: string,
): Promise<string[]> {
  const make = method === 'none' ? 'assembleShard' : 'quantizeShard';
  const once = [
    ...['inspectSource', 'planShards', 'sealCarriedFiles', 'publishArtifact'],
    ...Array.from({ length: shards }, (_, index) => [
      `sealShard ${index}`,
      ...(rebooted ? [] : [`${make} ${index}`]),
    ]),
  ].flat();
  const damage = once
    .filter((activity) => completed[activity] !== 1)
    .map((activity) => `${activity} was completed ${completed[activity] ?? 0} times`);
  const verified = await stack.json<{ ok: boolean; failures: unknown[] }>('verify', name);
  if (!verified.ok) damage.push(`verify: ${JSON.stringify(verified.failures)}`);
  await stack.json('warm', name);
  damage.push(...(await findLeftovers(stack.paths, stack.known)));
  await stack.json('evict', name);
  await stack.json('remove', name, '--yes');
  return [...damage, ...(await findRemains(stack))];
}

/**
 * Everything that is wrong after `berth cancel`: of a model there must be all or nothing, and what
 * the command said of it. Removes the model.
 */
export async function findHalves(
  stack: FaultStack,
  { cancelled, code }: CancelledJob,
  name: string,
): Promise<string[]> {
  if (cancelled)
    return [...(code === 0 ? [] : [`exit code ${code}`]), ...(await findRemains(stack))];
  const damage = code === 1 ? [] : [`exit code ${code}, though it was too late`];
  const verified = await stack.json<{ ok: boolean; failures: unknown[] }>('verify', name);
  if (!verified.ok) damage.push(`verify: ${JSON.stringify(verified.failures)}`);
  await stack.json('evict', name);
  await stack.json('remove', name, '--yes');
  return [...damage, ...(await findRemains(stack))];
}

/**
 * What is there although no model is: anything in the store or in shared memory, a tag, a bridge,
 * a lease.
 */
export async function findRemains(stack: FaultStack): Promise<string[]> {
  const { paths, known } = stack;
  const { store, modelsRoot } = paths;
  const remains = await findLeftovers(paths, known);
  for (const folder of [store.blobsRoot, store.wrapsRoot, store.manifests, modelsRoot]) {
    const names = await readdir(folder).catch(ifAbsent);
    remains.push(...names.map((name) => `${folder}/${name}`));
  }
  const tags = await readdir(store.tags, { recursive: true }).catch(ifAbsent);
  remains.push(...tags.filter((path) => path.endsWith('.json')).map((path) => `tag ${path}`));
  const { processes } = await requireStack(paths);
  const bridges = processes.filter(({ bridge }) => bridge?.pid != null);
  remains.push(...bridges.map(({ name, bridge }) => `bridge ${bridge?.pid} of ${name}`));
  const leases = await stack.json<PoolDescription>('pool', 'show');
  return [...remains, ...leases.leases.map(({ leaseId, label }) => `lease ${leaseId} of ${label}`)];
}

function ifAbsent(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}
