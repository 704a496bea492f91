import { ApplicationFailure } from '@temporalio/common';

/**
 * Every failure that Berth raises on purpose, and what it means for retries and for a shell.
 *
 * `retryable` is decided here, once: activities and workflows only name the type.
 * `exit` is the exit code of a command that ends with it: 2 where the input has to change, else 1.
 */
export const failureTypes = {
  /** A request, option, reference or file given by a person is malformed. */
  InvalidRequest: { retryable: false, exit: 2 },
  /** A path lies outside BERTH_SOURCES, does not exist or cannot be read. */
  SourceNotAllowed: { retryable: false, exit: 2 },
  /** Pickle-only weights, zip magic, `auto_map`, a symlink that leaves the snapshot, `..`, case collisions. */
  UnsafeSource: { retryable: false, exit: 2 },
  /** A safetensors file breaks a rule of the format. */
  InvalidSafetensors: { retryable: false, exit: 2 },
  /** The folder is no loadable model: missing config, index or files that disagree. */
  InvalidModel: { retryable: false, exit: 2 },
  /** A tensor holds NaN or infinity. */
  NonFiniteTensor: { retryable: false, exit: 2 },
  /** The architecture cannot be quantized faithfully (unknown class, fused experts, …). */
  UnsupportedModel: { retryable: false, exit: 2 },
  /** A source file changed, shrank or vanished between its inspection and its use. */
  SourceChanged: { retryable: false, exit: 1 },
  /** The database of a source does not answer, or ends what it was asked. */
  SourceUnavailable: { retryable: true, exit: 1 },
  /** A supplied model signature does not verify. */
  SourceSignatureInvalid: { retryable: false, exit: 1 },
  /** Scratch of a shard is gone (reboot, eviction): the workflow makes that shard again. */
  ScratchLost: { retryable: false, exit: 1 },
  /** A disk or the shared memory is full. */
  OutOfSpace: { retryable: false, exit: 1 },
  /** The Python child died, hung or ran out of memory: a fresh one may do. */
  BridgeFailed: { retryable: true, exit: 1 },
  /** Every device is lent at present. */
  NoDeviceFree: { retryable: true, exit: 1 },
  /** The host has no device that could ever satisfy the request. */
  NoSuchDevice: { retryable: false, exit: 2 },
  /** The pool took the lease back before its holder was done. */
  LeaseRevoked: { retryable: false, exit: 1 },
  /** More requests wait in the pool than it takes. */
  PoolFull: { retryable: true, exit: 1 },
  /** A device refused an epoch that is not live: the lease was lost. */
  LeaseFenced: { retryable: false, exit: 1 },
  /** The quantized model is too far from the original. */
  AccuracyGateFailed: { retryable: false, exit: 1 },
  /** No such model, tag or digest. */
  ArtifactNotFound: { retryable: false, exit: 2 },
  /** Stored bytes do not verify: tampered, swapped, truncated or missing. */
  ArtifactCorrupt: { retryable: false, exit: 1 },
  /** A manifest, tag or signature is not signed by a trusted key, or is not canonical. */
  SignatureInvalid: { retryable: false, exit: 1 },
  /** A key is missing, readable by others, or does not open the wrap. */
  KeyUnavailable: { retryable: false, exit: 1 },
  /** A tag's sequence is lower than one this host has already seen. */
  RollbackDetected: { retryable: false, exit: 1 },
  /** Somebody moved the tag first. */
  TagConflict: { retryable: true, exit: 1 },
  /** Other tags still name the version. */
  ModelInUse: { retryable: false, exit: 1 },
  /** The shared-memory folder is not tmpfs or hugetlbfs, or the copy exceeds its budget. */
  NotWarmable: { retryable: false, exit: 1 },
  /** A page's vectors are gone from scratch (reboot, another host): the workflow embeds it again. */
  PageLost: { retryable: false, exit: 1 },
  /** The embedder is down, overloaded or gave another number of vectors than of texts. */
  EmbedderFailed: { retryable: true, exit: 1 },
  /** Vectors and collection, or vectors and model, differ in their dimensions. */
  DimensionMismatch: { retryable: false, exit: 2 },
  /** A store does not answer, or answers with a fault of its own. */
  StoreUnavailable: { retryable: true, exit: 1 },
  /** A store asks to come back later. */
  StoreThrottled: { retryable: true, exit: 1 },
  /** A store will never take what it was given. */
  StoreRejected: { retryable: false, exit: 1 },
  /** The store cannot do what is asked. */
  StoreUnsupported: { retryable: false, exit: 2 },
  /** No collection of that name, or it was not made by Berth. */
  CollectionNotFound: { retryable: false, exit: 2 },
  /** A store, database or endpoint does not accept the credentials, or misses them. */
  CredentialsRefused: { retryable: false, exit: 2 },
  /** The filled collection is not what was written: nothing was switched. */
  VerificationFailed: { retryable: false, exit: 1 },
  /** More records failed than the job may lose: nothing was switched. */
  TooManyFailures: { retryable: false, exit: 1 },
  /** The job's deadline has passed: nothing was switched. */
  DeadlineExceeded: { retryable: false, exit: 1 },
  /** No stack serves this BERTH_HOME, or a worker that the request needs is gone. */
  StackUnavailable: { retryable: true, exit: 1 },
  /** A stack already serves this BERTH_HOME. */
  StackRunning: { retryable: false, exit: 1 },
  /** The job was cancelled or terminated. */
  JobCancelled: { retryable: false, exit: 1 },
  /** Nothing that Berth foresaw; the logs have the rest. */
  Unexpected: { retryable: true, exit: 1 },
} as const satisfies Record<string, { retryable: boolean; exit: 1 | 2 }>;

export type FailureType = keyof typeof failureTypes;

/** A failure outside Temporal: pure code and activities throw it, the worker's edge converts it. */
export class BerthError extends Error {
  override readonly name = 'BerthError';
  readonly type: FailureType;
  readonly details: unknown;

  constructor(type: FailureType, message: string, details?: unknown, options?: ErrorOptions) {
    super(message, options);
    this.type = type;
    this.details = details;
  }
}

/**
 * Makes a typed failure. `message` is one line that names the file, tensor, device or record, what
 * was expected and what to do.
 */
export function berthError(type: FailureType, message: string, details?: unknown): BerthError {
  return new BerthError(type, message, details);
}

export function isFailureType(value: unknown): value is FailureType {
  return typeof value === 'string' && Object.hasOwn(failureTypes, value);
}

/** The failure as Temporal carries it; anything unknown stays as it is and is retried by policy. */
export function toApplicationFailure(error: unknown): unknown {
  if (!(error instanceof BerthError)) return error;
  return failure(error.type, error.message, error.details);
}

/** An ApplicationFailure of a known type, for code that runs inside a workflow. */
export function failure(type: FailureType, message: string, details?: unknown): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !failureTypes[type].retryable,
    details: details === undefined ? [] : [details],
  });
}
