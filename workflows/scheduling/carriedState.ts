import { type LeaseRequest, type Resources, wholeDevices } from '../contracts/pool/requests.ts';
import type { HeldLease, PoolState, WaitingRequest } from './state.ts';

/** Of JSON that a run hands on: the server takes 2 MB, and labels may be longer in UTF-8. */
const budget = 1_700_000;

/** Of a lease or a waiting request. */
type Packed<T> = Omit<T, 'request'> & {
  request: Omit<LeaseRequest, 'resources'> & { resources: Partial<Resources> };
};

/**
 * The pool's state as the next run gets it. The server takes 2 MB, and 2,000 waiting requests that
 * spell out every wish they do not have would come close: what is as in `wholeDevices` is left out.
 */
export interface CarriedState extends Omit<PoolState, 'leases' | 'waiting'> {
  leases: Packed<HeldLease>[];
  waiting: Packed<WaitingRequest>[];
}

/**
 * What does not fit is left behind, oldest first: ids of finished requests, then ended leases that
 * no host has recorded for that long. A state that is too large would end the pool.
 */
export function carry(state: PoolState): CarriedState {
  const { recent, unrecorded, ...rest } = state;
  const kept = {
    ...rest,
    leases: Object.values(state.leases).map(pack),
    waiting: Object.values(state.waiting).map(pack),
  };
  const forRecords = newestWithin(unrecorded, budget - sizeOf(kept));
  const forIds = newestWithin(recent, forRecords.left);
  return { ...kept, unrecorded: forRecords.kept, recent: forIds.kept };
}

const sizeOf = (value: unknown): number => JSON.stringify(value).length + 1;

function newestWithin<T>(entries: readonly T[], room: number): { kept: T[]; left: number } {
  let left = room;
  let first = entries.length;
  while (first > 0) {
    const size = sizeOf(entries[first - 1]);
    if (size > left) break;
    left -= size;
    first -= 1;
  }
  return { kept: entries.slice(first), left };
}

export function unpack(carried: CarriedState): PoolState {
  const leases = carried.leases.map(
    (lease): HeldLease => ({
      ...lease,
      request: unpackRequest(lease.request),
    }),
  );
  const waiting = carried.waiting.map(
    (entry): WaitingRequest => ({
      ...entry,
      request: unpackRequest(entry.request),
    }),
  );
  return {
    ...carried,
    leases: Object.fromEntries(leases.map((lease) => [lease.leaseId, lease])),
    waiting: Object.fromEntries(waiting.map((entry) => [entry.request.requestId, entry])),
  };
}

function pack<T extends { request: LeaseRequest }>({ request, ...entry }: T): Packed<T> {
  const plain: Record<string, unknown> = { ...wholeDevices(1) };
  const wishes = Object.entries(request.resources).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(plain[name]),
  );
  const resources: Partial<Resources> = Object.fromEntries(wishes);
  return { ...entry, request: { ...request, resources } };
}

const unpackRequest = (request: Packed<unknown>['request']): LeaseRequest => ({
  ...request,
  resources: { ...wholeDevices(1), ...request.resources },
});
