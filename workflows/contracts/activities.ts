import type { BackfillActivities } from './backfill/activities.ts';
import type { GateReport, GateThresholds, IngestRequest, QuantizationMethod } from './ingest.ts';
import type { Lease, LeaseHolder } from './lease.ts';
import type { UsageRecord } from './pool/usage.ts';

/** Where a job keeps its files on the host; every file activity takes it. */
export interface ArtifactJob {
  artifactId: string;
}

export interface InspectSourceInput extends ArtifactJob {
  request: IngestRequest;
  listingSha256: string;
}

/** Small summary of an inspection; the whole of it stays in staging on the host. */
export interface InspectionSummary {
  files: number;
  tensors: number;
  /** Weights and carried files, bytes. */
  sourceBytes: number;
  /** The first names; the inspection in staging holds all. */
  leftOut: string[];
  /** Of the listing that was inspected. */
  listingSha256: string;
  seconds: number;
}

export interface ResolveModulesInput extends ArtifactJob {
  lease: Lease;
  source: string;
  quantize: QuantizationMethod;
  doubleQuant: boolean;
  skipModules?: string[];
}

export interface ModulesSummary {
  quantizedModules: number;
  /** The first names; the modules in staging hold all. */
  droppedTensors: string[];
  /** Whether the gate compares embeddings or next-token distributions. */
  kind: 'encoder' | 'causal-lm';
  tools: Record<string, string>;
  seconds: number;
}

export interface PlanShardsInput extends ArtifactJob {
  request: IngestRequest;
}

export interface ShardSummary {
  index: number;
  /** Path in the plaintext tree, such as `model-00001-of-00002.safetensors`. */
  file: string;
  /** Bytes read from the source for it. */
  sourceBytes: number;
  /** Upper bound of its size, bytes. */
  maxBytes: number;
}

export interface ShardPlanSummary {
  shards: ShardSummary[];
  /** Number of files carried along beside the shards. */
  carriedFiles: number;
}

export interface ShardInput extends ArtifactJob {
  index: number;
}

export interface QuantizeShardInput extends ShardInput {
  lease: Lease;
}

/** Outcome of making or sealing files. */
export interface FilesSummary {
  files: number;
  bytes: number;
  seconds: number;
}

export interface OpenCandidateResult {
  /** Folder in shared memory, as a consumer would see it. */
  path: string;
  bytes: number;
  seconds: number;
}

export interface EvaluateGateInput extends ArtifactJob {
  lease: Lease;
  source: string;
  candidate: string;
  kind: 'encoder' | 'causal-lm';
  quantize: QuantizationMethod;
  thresholds: GateThresholds;
  calibration?: string;
}

export interface PublishInput extends ArtifactJob {
  request: IngestRequest;
  /** ISO 8601, from the workflow's clock. */
  createdAt: string;
  workflow: LeaseHolder;
  listingSha256: string;
  gate: GateReport | null;
  tools: Record<string, string>;
  quantizedModules: number;
}

export interface PublishResult {
  digest: string;
  contentDigest: string;
  sequence: number;
  modelBytes: number;
  storedBytes: number;
  seconds: number;
}

export interface WarmInput {
  ref: string;
  pin: boolean;
  lock: boolean;
}

export interface WarmResult {
  path: string;
  artifact: string;
  contentDigest: string;
  bytes: number;
  residentBytes: number;
  seconds: number;
  /** The copy was there already. */
  reused: boolean;
}

export interface EvictResult {
  evicted: boolean;
  bytes: number;
  /** Bytes that count until the last process unmaps them. */
  stillMappedBytes: number;
}

export interface VerifyFailure {
  file: string;
  reason: string;
}

export interface VerifyResult {
  ok: boolean;
  artifact: string;
  files: number;
  bytes: number;
  seconds: number;
  failures: VerifyFailure[];
}

export interface ExportResult {
  directory: string;
  files: number;
  bytes: number;
  seconds: number;
}

export interface TagResult {
  name: string;
  tag: string;
  digest: string;
  sequence: number;
}

export interface RemoveResult {
  digest: string;
  tags: string[];
  freedBytes: number;
}

export interface SweepResult {
  staging: number;
  blobs: number;
  scratch: number;
  /** Backfills that had ended without tidying up. */
  jobs: number;
  /** Of the store, scratch and warm copies. */
  freedBytes: number;
}

/** Activities of the host worker, the only process that holds keys. */
export interface HostActivities extends BackfillActivities {
  inspectSource(input: InspectSourceInput): Promise<InspectionSummary>;
  planShards(input: PlanShardsInput): Promise<ShardPlanSummary>;
  /** `--quantize none`: copies the shard's tensors from the source into scratch. */
  assembleShard(input: ShardInput): Promise<FilesSummary>;
  sealShard(input: ShardInput): Promise<FilesSummary>;
  /** Seals config, index, tokenizer and every other carried file. */
  sealCarriedFiles(input: PlanShardsInput): Promise<FilesSummary>;
  openCandidate(input: ArtifactJob): Promise<OpenCandidateResult>;
  publishArtifact(input: PublishInput): Promise<PublishResult>;
  /** Removes staging, scratch and candidate of a job that will not finish. Idempotent. */
  discardArtifact(input: ArtifactJob): Promise<void>;

  /** Keeps ended leases for good, each once however often it is handed over. */
  recordUsage(records: UsageRecord[]): Promise<void>;

  warmModel(input: WarmInput): Promise<WarmResult>;
  evictModel(ref: string): Promise<EvictResult>;
  verifyModel(ref: string): Promise<VerifyResult>;
  exportModel(ref: string, directory: string): Promise<ExportResult>;
  tagModel(ref: string, tag: string): Promise<TagResult>;
  removeModel(ref: string, force: boolean): Promise<RemoveResult>;
  sweepStore(): Promise<SweepResult>;
}

/** Activities of a device worker: one at a time, each under a live lease. */
export interface DeviceActivities {
  resolveModules(input: ResolveModulesInput): Promise<ModulesSummary>;
  quantizeShard(input: QuantizeShardInput): Promise<FilesSummary>;
  evaluateGate(input: EvaluateGateInput): Promise<GateReport & { seconds: number }>;
  /** Ends the bridge that served the lease: only then may the device be lent again. */
  clearDevice(input: { lease: Lease }): Promise<void>;
}
