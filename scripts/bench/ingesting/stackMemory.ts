import type { Paths } from '../../../activities/platform/paths.ts';
import { processTree } from '../../../workers/supervisor/procfs.ts';
import type { StackFile } from '../../../workers/supervisor/stackFile.ts';
import { folderBytes, ownBytes } from '../memorySampler.ts';

const intervalMs = 100;

/** Bytes at one moment: private and shared memory (proc(5): RssAnon + RssShmem) of processes. */
export interface StackSample {
  supervisor: number;
  temporal: number;
  workflow: number;
  host: number;
  /** All device workers. */
  device: number;
  /** All bridges, with whatever they start. */
  bridge: number;
  /** Shards between quantizing and sealing, in shared memory. */
  scratch: number;
  /** The candidate that the gate looks at, in shared memory. */
  candidate: number;
}

/** Samples a stack ten times a second; the answer stops it and gives all samples, at least two. */
export function sampleStack(stack: StackFile, paths: Paths): () => StackSample[] {
  const samples = [measure(stack, paths)];
  const timer = setInterval(() => samples.push(measure(stack, paths)), intervalMs);
  return () => {
    clearInterval(timer);
    return [...samples, measure(stack, paths)];
  };
}

function measure({ supervisor, processes }: StackFile, paths: Paths): StackSample {
  const pidsOf = (role: string) =>
    processes.filter(({ name }) => name.split('-')[0] === role).flatMap(({ pid }) => pid ?? []);
  const own = (pids: readonly number[]) => pids.reduce((sum, pid) => sum + ownBytes(pid), 0);
  const trees = (pids: readonly number[]) => pids.flatMap((pid) => processTree(pid));
  const devices = pidsOf('device');
  return {
    supervisor: ownBytes(supervisor.pid),
    temporal: own(trees(pidsOf('temporal'))),
    workflow: own(pidsOf('workflow')),
    host: own(pidsOf('host')),
    device: own(devices),
    // A device worker starts nothing else.
    bridge: own(trees(devices).filter((pid) => !devices.includes(pid))),
    scratch: folderBytes(paths.scratchRoot),
    candidate: folderBytes(paths.candidatesRoot),
  };
}

export function peakOf(
  samples: readonly StackSample[],
  measureOf: (sample: StackSample) => number,
): number {
  return samples.reduce((peak, sample) => Math.max(peak, measureOf(sample)), 0);
}

/** What the quantize stage takes: worker, bridge and scratch. */
export const quantizing = ({ device, bridge, scratch }: StackSample): number =>
  device + bridge + scratch;

/** Up to the moment when the gate's candidate is opened; the gate loads whole models. */
export function beforeGate(samples: readonly StackSample[]): StackSample[] {
  const gate = samples.findIndex(({ candidate }) => candidate > 0);
  return gate < 0 ? [...samples] : samples.slice(0, gate);
}
