/** Inputs of the workflows that run one operation on a host's store or shared memory. */

export interface HostOperation {
  hostId: string;
}

export interface ModelOperation extends HostOperation {
  /** `name`, `name:tag` or `name@sha256:<digest>`. */
  ref: string;
}

export interface WarmModelInput extends ModelOperation {
  /** Never evicted to make room. */
  pin: boolean;
  /** Locked into RAM (mlock) by the host worker. */
  lock: boolean;
}

export interface ExportModelInput extends ModelOperation {
  /** Absolute path of a folder that does not exist or is empty. */
  directory: string;
}

export interface TagModelInput extends ModelOperation {
  /** The tag to point at the version that `ref` names. */
  tag: string;
}

export interface RemoveModelInput extends ModelOperation {
  /** Also when other tags name the version. */
  force: boolean;
}
