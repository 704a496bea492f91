import type { HostLease } from '../../workflows/contracts/pool/messages.ts';
import type { Epoch } from './epochKey.ts';

/** Why a lease ends here, in a word and a line for people. */
export interface Ending {
  reason: string;
  message: string;
}

export interface LeaseEnd {
  leaseId: string | null;
  epochs: readonly Epoch[];
}

/** What runs under leases on this host: device workers' activities and bridges, and commands. */
export interface HostWork {
  /** Epochs under which something runs, or may still run. */
  working(): Epoch[];
  /** Epochs that the fences let in. */
  live(): Promise<Epoch[]>;
  /** Highest epoch that each device's fence has seen. */
  epochs(): Promise<Record<string, number>>;
  /**
   * Resolves once nothing runs under the epochs, and nothing ever will. Idempotent.
   * @param withNotice The pool lends the devices to nobody before it is told that they are clear: a
   *   command that was promised time to save its work has it, and one that heard nothing gets a little
   */
  end(lease: LeaseEnd, why: Ending, withNotice: boolean): Promise<void>;
  /** The lease will be over at `graceUntil` (ms since the Unix epoch). Idempotent. */
  revoke(lease: HostLease): void;
  /** The pool holds the lease until then at least (ms since the Unix epoch). */
  renewed(leaseId: string, expiresAt: number): void;
}
