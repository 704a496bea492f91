export type QuantizationMethod = 'none' | 'int8' | 'nf4' | 'fp4';

/** Thresholds of the accuracy gate; what is absent takes the default of the method. */
export interface GateThresholds {
  /** Encoders: mean cosine similarity of mean-pooled embeddings, at least. */
  minCosine?: number;
  /** Causal language models: mean KL divergence in nats, at most. */
  maxKl?: number;
  /** Causal language models: relative increase of perplexity (0.02 = 2 %), at most. */
  maxPerplexityIncrease?: number;
}

/** What a person asks for; validated at the edge, then passed to the workflow as it is. */
export interface IngestRequest {
  /** Absolute path of a Hugging Face folder on the host `hostId`. */
  source: string;
  name: string;
  tag: string;
  quantize: QuantizationMethod;
  doubleQuant: boolean;
  /** Upper bound of one shard, bytes. */
  shardBytes: number;
  /** As transformers' `llm_int8_skip_modules`: replaces the default when given. */
  skipModules?: string[];
  gate: GateThresholds;
  /** Absolute path of a text file, one sentence or paragraph a line. */
  calibration?: string;
  /** PEM text of a public key that the source's OMS signature must verify with. */
  verifyKeyPem?: string;
  /** Files that would be left out are an error. */
  strict: boolean;
}

export interface IngestInput {
  request: IngestRequest;
  hostId: string;
  /**
   * SHA-256 of the source's listing (paths, sizes, times) at the time of asking; empty for a
   * scheduled job, which takes the source as it is when it runs.
   */
  listingSha256: string;
  team: string;
  /** That lends the host's devices; `default` unless said otherwise. */
  pool?: string;
}

export interface GateReport {
  metric: 'cosine' | 'kl';
  /** Mean over the calibration text (cosine: of sentences; kl: of tokens, nats). */
  mean: number;
  /** Worst sentence: lowest cosine, or highest mean KL. */
  min: number;
  threshold: number;
  passed: boolean;
  samples: number;
  /** Causal language models only: (ppl of candidate / ppl of original) − 1. */
  perplexityIncrease?: number;
  perplexityThreshold?: number;
}

export type IngestStage = 'inspect' | 'quantize' | 'seal' | 'gate' | 'publish';

export interface StageReport {
  name: IngestStage;
  /** Time spent working in this stage; stages that overlap may add up to more than the wall time. */
  seconds: number;
  bytes: number;
}

export interface IngestResult {
  workflowId: string;
  /** `name@sha256:<digest>` */
  artifact: string;
  /** `name:tag` */
  ref: string;
  artifactId: string;
  digest: string;
  contentDigest: string;
  /** Bytes of the weights and carried files that were read. */
  sourceBytes: number;
  /** Bytes of the plaintext tree that a consumer maps. */
  modelBytes: number;
  /** Bytes in the store. */
  storedBytes: number;
  shards: number;
  gate: GateReport | null;
  stages: StageReport[];
  /** Files of the source that were left out, never opened. */
  leftOut: string[];
  /** Tensors that transformers drops (such as `position_ids`) and so do we. */
  droppedTensors: string[];
}

export interface StageProgress {
  name: IngestStage;
  state: 'waiting' | 'running' | 'done' | 'skipped' | 'failed';
  /** Units of work: files for inspect, shards for quantize and seal, 1 for gate and publish. */
  done: number;
  total: number;
  bytes: number;
  seconds: number;
}

/** Answer of the `progress` query. */
export interface IngestProgress {
  artifactId: string;
  stages: StageProgress[];
  /** What is happening, one line. */
  message: string;
}

/** Heartbeat details of every long activity; a retry resumes or restarts from them. */
export interface ActivityProgress {
  /** Bytes done of `totalBytes`. */
  bytes: number;
  totalBytes: number;
}
