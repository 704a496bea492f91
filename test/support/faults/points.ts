import { createHash } from 'node:crypto';
import type { HaltPoint } from './halts.ts';
import type { Victim } from './victims.ts';

export type Method = 'none' | 'nf4';

/** A step of an ingest at which a test interferes. */
export interface FaultPoint {
  name: string;
  /** Where the host worker stands still, or the activity of a device that is being worked on. */
  at: HaltPoint | { activity: string };
  /** Whether the job holds a device there. */
  leased: boolean;
}

/** Steps at which a process takes part: a bridge only in what a device does. */
export function concerns(point: FaultPoint, victim: Victim): boolean {
  if (victim === 'bridge') return 'activity' in point.at;
  return point.leased || victim !== 'device';
}

/**
 * Steps in the order in which a job comes by.
 * @param shard the one at whose steps to interfere, from 0
 * @param shards of the whole model
 */
export function pointsOf(method: Method, shard: number, shards: number): FaultPoint[] {
  const number = (value: number) => String(value).padStart(5, '0');
  const file = `model-${number(shard + 1)}-of-${number(shards)}.safetensors`;
  const quantized = method !== 'none';
  return [
    before('inspectSource, before its record', 'rename', 'staging/.*/inspection.json$'),
    after('inspectSource, after its record', 'rename', 'staging/.*/inspection.json$'),
    ...(quantized ? [during('resolveModules')] : []),
    ...[
      before('planShards, before the plan', 'rename', 'staging/.*/plan.json$'),
      ...(quantized ? [during('quantizeShard')] : assembling(file)),
      ...sealing(file),
    ].map((point) => ({ ...point, leased: quantized })),
    before('sealCarriedFiles, amid them', 'link', recordOf('config.json')),
    ...(quantized ? gating : []),
    ...publishing,
  ];
}

function assembling(file: string): FaultPoint[] {
  return [
    before('assembleShard, before the shard gets its name', 'rename', `scratch/.*/${file}$`),
    after('assembleShard, after the shard got its name', 'rename', `scratch/.*/${file}$`),
  ];
}

function sealing(file: string): FaultPoint[] {
  return [
    before('sealShard, before a blob gets its name', 'rename', 'staging/.*/blobs/[0-9a-f]{16}$'),
    before('sealShard, before its record', 'link', recordOf(file)),
    before('sealShard, recorded, scratch still there', 'rm', `scratch/.*/${file}$`),
    after('sealShard, scratch deleted', 'rm', `scratch/.*/${file}$`),
  ];
}

const gating: FaultPoint[] = [
  before('openCandidate, before it gets its name', 'rename', 'candidates/[0-9a-f]{32}$'),
  after('openCandidate, after it got its name', 'rename', 'candidates/[0-9a-f]{32}$'),
  during('evaluateGate'),
];

const publishing: FaultPoint[] = [
  after('publishArtifact, signed', 'link', 'staging/.*/manifest.json$'),
  after('publishArtifact, blobs moved', 'rename', 'store/blobs/[0-9a-f]{32}$'),
  before('publishArtifact, before the manifest', 'rename', 'store/manifests/'),
  before('publishArtifact, before the tag', 'rename', 'store/tags/.*/latest.json$'),
  after('publishArtifact, tag moved', 'rename', 'store/tags/.*/latest.json$'),
  after('publishArtifact, staging moved aside', 'rename', 'staging/\\.[0-9a-f]{32}\\.'),
];

/** Name of a sealed file's record (sealedRecords.ts). */
function recordOf(path: string): string {
  return `/sealed/${createHash('sha256').update(path).digest('hex')}`;
}

function before(name: string, operation: HaltPoint['operation'], path: string): FaultPoint {
  return { name, at: { when: 'before', operation, path }, leased: false };
}

function after(name: string, operation: HaltPoint['operation'], path: string): FaultPoint {
  return { name, at: { when: 'after', operation, path }, leased: false };
}

function during(activity: string): FaultPoint {
  return { name: activity, at: { activity }, leased: true };
}
