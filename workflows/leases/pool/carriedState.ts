import { type LeaseRequest, type Resources, wholeDevices } from '../../contracts/pool/requests.ts';
import type { HeldLease, PoolState, WaitingRequest } from '../../scheduling/state.ts';

/** Ids of finished requests that a run hands on; with 2 MB for one payload, the newest. */
const maxRecent = 4_000;

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

export function carry(state: PoolState): CarriedState {
  return {
    ...state,
    recent: state.recent.slice(-maxRecent),
    leases: Object.values(state.leases).map(pack),
    waiting: Object.values(state.waiting).map(pack),
  };
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
