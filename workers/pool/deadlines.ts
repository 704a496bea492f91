import type { HostLease, HostView } from '../../workflows/contracts/pool/messages.ts';
import { type Epoch, epochKey } from './epochKey.ts';

/** A lease as this host knows it. Times by the monotonic clock, ms. */
export interface LocalLease {
  leaseId: string;
  epochs: Epoch[];
  /** From then on nothing of it may run here, whatever the pool thinks. */
  deadline: number;
  knownAt: number;
  /** Ended here; waits for the pool to end it, too. */
  over: boolean;
}

export interface Deadlines {
  /** A lease that this host hears of before any view shows it. */
  begin(lease: { leaseId: string; epochs: Epoch[]; expiresAt: number }, lifeMs: number): void;
  /** A report is about to be sent, now. */
  reporting(sequence: number, working: readonly Epoch[]): void;
  /**
   * Takes in a view that was asked for at `askedAt`.
   * @returns leases that the pool no longer holds; they are forgotten here
   */
  look(view: HostView, askedAt: number): LocalLease[];
  /** Leases whose deadline has come, each once. */
  takeOverdue(): LocalLease[];
  /** Milliseconds that are left; undefined for an unknown lease. */
  remaining(leaseId: string): number | undefined;
}

export interface DeadlineDeps {
  generation: string;
  /** Milliseconds, monotonic (performance.now). */
  clock(): number;
  /** Milliseconds since the Unix epoch. */
  now(): number;
}

/** More than are ever under way at a time. */
const rememberedReports = 64;

/**
 * When this host stops working for a lease without having heard from the pool. A lease lives from
 * when the report that renewed it was sent, not from when an answer came (Gray and Cheriton, "Leases",
 * 1989), and only once a view shows that the pool has taken the report in and still holds the lease.
 * So nothing runs here any more when the pool gives the device to somebody else.
 */
export function createDeadlines({ generation, clock, now }: DeadlineDeps): Deadlines {
  const leases = new Map<string, LocalLease>();
  const reports: { sequence: number; sentAt: number; working: Set<string> }[] = [];
  let lookedAt: number | undefined;

  /**
   * Granted after the view before this one was asked for. By the wall clock where that is long ago:
   * before the first view, and after an outage.
   */
  const firstDeadline = ({ lifeMs, expiresAt }: HostLease, askedAt: number): number =>
    lookedAt !== undefined && askedAt - lookedAt < lifeMs / 2
      ? lookedAt + lifeMs
      : askedAt + clamp(expiresAt - now(), lifeMs);

  const renewedAt = (epochs: readonly Epoch[], view: HostView): number | undefined => {
    if (view.generation !== generation) return undefined;
    return reports.findLast(
      ({ sequence, working }) =>
        sequence <= view.sequence && epochs.some((epoch) => working.has(epochKey(epoch))),
    )?.sentAt;
  };

  return {
    begin({ leaseId, epochs, expiresAt }, lifeMs) {
      if (leases.has(leaseId)) return;
      const deadline = clock() + clamp(expiresAt - now(), lifeMs);
      leases.set(leaseId, { leaseId, epochs, deadline, knownAt: clock(), over: false });
    },
    reporting(sequence, working) {
      reports.push({ sequence, sentAt: clock(), working: new Set(working.map(epochKey)) });
      if (reports.length > rememberedReports) reports.shift();
    },
    look(view, askedAt) {
      for (const held of view.leases) {
        const { leaseId, devices, lifeMs, revoking } = held;
        const epochs = devices.map(({ deviceId, epoch }) => ({ deviceId, epoch }));
        const known = leases.get(leaseId) ?? {
          leaseId,
          epochs,
          deadline: firstDeadline(held, askedAt),
          knownAt: askedAt,
          over: false,
        };
        leases.set(leaseId, known);
        const renewed = revoking === null ? renewedAt(epochs, view) : undefined;
        if (renewed !== undefined) known.deadline = Math.max(known.deadline, renewed + lifeMs);
      }
      lookedAt = askedAt;
      const held = new Set(view.leases.map(({ leaseId }) => leaseId));
      const gone = [...leases.values()].filter(
        ({ leaseId, knownAt }) => knownAt < askedAt && !held.has(leaseId),
      );
      for (const { leaseId } of gone) leases.delete(leaseId);
      return gone;
    },
    takeOverdue() {
      const overdue = [...leases.values()].filter(
        ({ over, deadline }) => !over && deadline <= clock(),
      );
      for (const lease of overdue) lease.over = true;
      return overdue;
    },
    remaining(leaseId) {
      const lease = leases.get(leaseId);
      return lease && Math.max(0, lease.deadline - clock());
    },
  };
}

const clamp = (ms: number, most: number): number => Math.min(most, Math.max(0, ms));
