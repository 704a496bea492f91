import type { HostLease } from '../../workflows/contracts/pool/messages.ts';
import type { Epoch } from './epochKey.ts';

/** Why a lease ends here, in a word and a line for people. */
export interface Ending {
  reason: string;
  message: string;
}

/** What runs under leases on this host: device workers' activities and bridges, and commands. */
export interface HostWork {
  /** Epochs under which something runs, or may still run. */
  working(): Epoch[];
  /** Epochs that the fences let in. */
  live(): Promise<Epoch[]>;
  /** Highest epoch that each device's fence has seen. */
  epochs(): Promise<Record<string, number>>;
  /** Resolves once nothing runs under the epochs, and nothing ever will. Idempotent. */
  end(lease: { leaseId: string | null; epochs: readonly Epoch[] }, why: Ending): Promise<void>;
  /** The lease will be over at `graceUntil` (ms since the Unix epoch). Idempotent. */
  revoke(lease: HostLease): void;
  /** The pool holds the lease until then at least (ms since the Unix epoch). */
  renewed(leaseId: string, expiresAt: number): void;
}
