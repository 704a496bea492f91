import { z } from 'zod';
import type { ActivityProgress } from '../../workflows/contracts/ingest.ts';

/** What a bridge says of itself before its first call. */
export const bridgeHelloSchema = z.object({
  /** Versions by package, and of Python. */
  versions: z.record(z.string(), z.string()),
  /** Threads that torch is pinned to. */
  threads: z.number().int().positive(),
  /** Logical CPUs that it may run on (sched_getaffinity(2)). */
  affinity: z.array(z.number().int()),
  pid: z.number().int(),
  cudaVisibleDevices: z.string().nullable(),
});
export type BridgeHello = z.infer<typeof bridgeHelloSchema>;

/** A method of the Python package `berth_bridge` and the shape of its answer. */
export interface BridgeMethod<Params extends object, Result> {
  name: string;
  result: z.ZodType<Result>;
  /** Never set: carries the type of the parameters. */
  params?: Params;
}

export interface BridgeCallOptions {
  /** Kills the bridge when aborted: a native call cannot be stopped in another way. */
  signal?: AbortSignal;
  onProgress?(progress: ActivityProgress): void;
}

/** A running Python child. One call at a time. */
export interface Bridge {
  readonly pid: number;
  readonly hello: BridgeHello;
  /** False once it failed, was killed or has exited: every further call is refused. */
  readonly usable: boolean;
  /** Resolves when the process and all that it started are gone. */
  readonly exited: Promise<void>;
  /**
   * @throws BerthError of the type that the bridge names; BridgeFailed when it died, hung, ran out
   *   of memory or wrote something else than its protocol; `signal.reason` when aborted.
   */
  call<Params extends object, Result>(
    method: BridgeMethod<Params, Result>,
    params: Params,
    options?: BridgeCallOptions,
  ): Promise<Result>;
  /** Kills its process group with SIGKILL and waits until it has exited. Idempotent. */
  kill(): Promise<void>;
}

/** Starts a fresh bridge, bound as this process is. @throws BerthError BridgeFailed */
export type StartBridge = () => Promise<Bridge>;
