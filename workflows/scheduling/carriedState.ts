import { type LeaseRequest, type Resources, wholeDevices } from '../contracts/pool/requests.ts';
import { jsonBytes } from './jsonBytes.ts';
import type { HeldLease, PoolState, WaitingRequest } from './state.ts';

/** Bytes of JSON that a run hands on: the server takes 2 MiB. */
const budget = 1_900_000;

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

const sizeOf = (value: unknown): number => jsonBytes(value) + 1;

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

/** What is left to teams' past use, typical shapes, epochs and ended leases. */
const requestsBudget = 1_650_000;
/** Of a waiting request besides its own wishes, of a lease, and of each device or victim in one. */
const [waitingBytes, leaseBytes, partBytes] = [120, 400, 200];

const measured = new WeakMap<object, number>();

function remembered(key: object, measure: () => number): number {
  let size = measured.get(key);
  if (size === undefined) {
    size = measure();
    measured.set(key, size);
  }
  return size;
}

const requestSize = (request: LeaseRequest): number =>
  remembered(request, () => sizeOf(pack({ request })));

/**
 * Whether one more request would make the state larger than a run can hand on: labels of 200 and
 * lists of 1,000 device ids are allowed, but not in each of 2,000 requests.
 */
export function isCarriedFull(state: PoolState, wanted: LeaseRequest): boolean {
  const bytes =
    requestSize(wanted) +
    remembered(state.teams, () => sizeOf(state.teams)) +
    remembered(state.devices, () => sizeOf(state.devices)) +
    remembered(state.leases, () => sumOf(state.leases, leaseSize)) +
    remembered(state.waiting, () => sumOf(state.waiting, waitingSize));
  return bytes > requestsBudget;
}

/** The queue with one more request, whose size is then known without looking at all of it again. */
export function withOneMore(
  waiting: PoolState['waiting'],
  entry: WaitingRequest,
): PoolState['waiting'] {
  const longer = { ...waiting, [entry.request.requestId]: entry };
  const before = measured.get(waiting);
  if (before !== undefined) measured.set(longer, before + waitingSize(entry));
  return longer;
}

const waitingSize = ({ request, promised, victims }: WaitingRequest): number =>
  requestSize(request) +
  waitingBytes +
  ((promised?.devices.length ?? 0) + victims.length) * partBytes;

const leaseSize = ({ request, devices }: HeldLease): number =>
  requestSize(request) + leaseBytes + devices.length * partBytes;

function sumOf<T>(record: Record<string, T>, sizeOfOne: (entry: T) => number): number {
  return Object.values(record).reduce((sum, entry) => sum + sizeOfOne(entry), 0);
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
