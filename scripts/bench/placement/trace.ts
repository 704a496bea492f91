import { basename } from 'node:path';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { type Resources, wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import type { TypicalTask } from '../../../workflows/scheduling/state.ts';
import { readNodes, readPods, type TraceNode, type TracePod } from './traceFiles.ts';

/** A task to place; those of one shape have the same `resources`. */
export interface TraceTask {
  resources: Resources;
  /** All its GPUs together. */
  gpuMilli: number;
  lifeSeconds: number | null;
}

export interface Trace {
  name: string;
  nodes: TraceNode[];
  tasks: TraceTask[];
  /** The tasks by shape and how frequent each is. */
  typical: TypicalTask[];
  capacityMilli: number;
}

/** A trace of nodes and tasks by the files' paths, named after the file of tasks. */
export async function readTrace(nodesPath: string, podsPath: string): Promise<Trace> {
  const nodes = await readNodes(nodesPath);
  const pods = await readPods(podsPath);
  const shapes = new Map<string, Resources>();
  const tasks = pods.map((pod) => toTask(pod, shapes));
  const capacityMilli = nodes.reduce((sum, { gpus }) => sum + 1000 * gpus, 0);
  if (capacityMilli === 0 || !tasks.some(({ gpuMilli }) => gpuMilli > 0)) {
    const what = capacityMilli === 0 ? nodesPath : podsPath;
    throw berthError('InvalidRequest', `${what}: names no GPU: there is nothing to measure`);
  }
  const name = basename(podsPath, '.csv').replace(/^openb_pod_list_/, '');
  return { name, nodes, tasks, typical: typicalOf(tasks), capacityMilli };
}

function toTask(pod: TracePod, shapes: Map<string, Resources>): TraceTask {
  const { gpus, gpuMilli, cpuMilli, memoryMib, models, lifeSeconds } = pod;
  const key = [gpus, gpuMilli, cpuMilli, memoryMib, models.join('|')].join(' ');
  let resources = shapes.get(key);
  if (!resources) {
    resources = {
      ...wholeDevices(gpus),
      milli: gpus === 0 ? 0 : gpus > 1 ? 1000 : gpuMilli,
      models,
      cpuMilli,
      hostMemoryMib: memoryMib,
    };
    shapes.set(key, resources);
  }
  return { resources, gpuMilli: gpus * resources.milli, lifeSeconds };
}

function typicalOf(tasks: readonly TraceTask[]): TypicalTask[] {
  const counts = new Map<Resources, number>();
  for (const { resources } of tasks) counts.set(resources, (counts.get(resources) ?? 0) + 1);
  return [...counts].map(([{ cpuMilli, devices, milli, models, hostMemoryMib }, count]) => ({
    ...{ cpuMilli, devices, milli, models, count },
    memoryMib: hostMemoryMib,
  }));
}
