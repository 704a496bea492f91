import { createHash } from 'node:crypto';
import type {
  DeviceActivities,
  HostActivities,
  ShardSummary,
} from '../../workflows/contracts/activities.ts';
import type { IngestInput } from '../../workflows/contracts/ingest.ts';

/**
 * Scripted stand-ins for the activities, for tests of the workflows' own logic: order, leases,
 * retries, hand-over. What activities really do is tested with the real ones.
 */
export interface Script {
  shards: number;
  /** Called before each activity; throws or waits to steer it. */
  before?: (name: string, call: number, input: unknown) => Promise<void> | void;
  gateMean?: number;
}

export interface ScriptedRun {
  /** Names of the activities in the order in which they began, shards with their index. */
  calls: string[];
  activities: HostActivities & DeviceActivities;
}

const hex = (text: string) => createHash('sha256').update(text).digest('hex');

export function createScriptedRun(script: Script): ScriptedRun {
  const counts = new Map<string, number>();
  const run: ScriptedRun = { calls: [], activities: undefined as never };
  const begin = async (name: string, input: unknown) => {
    const index = (input as { index?: number } | undefined)?.index;
    const call = (counts.get(name) ?? 0) + 1;
    counts.set(name, call);
    run.calls.push(index === undefined ? name : `${name} ${index}`);
    await script.before?.(name, call, input);
  };
  const files = { files: 1, bytes: 1000, seconds: 0.5 };
  const shards: ShardSummary[] = Array.from({ length: script.shards }, (_, index) => ({
    index,
    file: `shard-${index}`,
    sourceBytes: 4000,
    maxBytes: 1100,
  }));
  const scripted: Partial<HostActivities & DeviceActivities> = {
    inspectSource: async (input) => {
      await begin('inspectSource', input);
      return {
        files: 3,
        tensors: 9,
        sourceBytes: 4000 * script.shards,
        leftOut: [],
        listingSha256: hex('listing'),
        seconds: 0.1,
      };
    },
    resolveModules: async (input) => {
      await begin('resolveModules', input);
      return {
        quantizedModules: 4,
        droppedTensors: ['position_ids'],
        kind: 'encoder',
        tools: { bitsandbytes: '0.50.2' },
        seconds: 0.1,
      };
    },
    planShards: async (input) => {
      await begin('planShards', input);
      return { shards, carriedFiles: 2 };
    },
    assembleShard: async (input) => {
      await begin('assembleShard', input);
      return files;
    },
    quantizeShard: async (input) => {
      await begin('quantizeShard', input);
      return files;
    },
    sealShard: async (input) => {
      await begin('sealShard', input);
      return files;
    },
    sealCarriedFiles: async (input) => {
      await begin('sealCarriedFiles', input);
      return files;
    },
    openCandidate: async (input) => {
      await begin('openCandidate', input);
      return { path: '/dev/shm/candidate', bytes: 1000, seconds: 0.1 };
    },
    evaluateGate: async (input) => {
      await begin('evaluateGate', input);
      const mean = script.gateMean ?? 0.98;
      const passed = mean >= 0.95;
      return { metric: 'cosine', mean, min: mean, threshold: 0.95, passed, samples: 9, seconds: 1 };
    },
    publishArtifact: async (input) => {
      await begin('publishArtifact', input);
      return {
        digest: hex('manifest'),
        contentDigest: hex('content'),
        sequence: 1,
        modelBytes: 1000,
        storedBytes: 1100,
        seconds: 0.1,
      };
    },
    discardArtifact: (input) => begin('discardArtifact', input),
    clearDevice: (input) => begin('clearDevice', input),
  };
  run.activities = scripted as HostActivities & DeviceActivities;
  return run;
}

export function ingestInput(changes: Partial<IngestInput['request']> = {}): IngestInput {
  return {
    hostId: 'h0',
    team: 'default',
    listingSha256: hex('listing'),
    request: {
      source: '/models/tiny',
      name: 'tiny',
      tag: 'latest',
      quantize: 'nf4',
      doubleQuant: false,
      shardBytes: 2 ** 20,
      gate: {},
      strict: false,
      ...changes,
    },
  };
}
