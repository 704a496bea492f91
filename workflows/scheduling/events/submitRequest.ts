import type { FailureType } from '../../contracts/errors.ts';
import type { LeaseRequest } from '../../contracts/pool/requests.ts';
import { isCarriedFull, withOneMore } from '../carriedState.ts';
import { nextSerial } from '../endLease.ts';
import { whyImpossible } from '../explain/whyImpossible.ts';
import { lookup } from '../lookup.ts';
import type { HeldLease, PoolState, WaitingRequest } from '../state.ts';
import { checkRequest } from './checkRequest.ts';
import { pruneRecent } from './recent.ts';
import { rememberShape } from './rememberShape.ts';
import { whyTeamRefuses } from './whyTeamRefuses.ts';

export interface Submitted {
  state: PoolState;
  refusal?: { type: FailureType; message: string };
  /** leaseId: the request was granted before, and its holder asks again. */
  granted?: string;
}

/**
 * Takes a request into the queue, or says at once in one line why it could never be granted. The
 * same request of the same workflow once more changes nothing.
 */
export function submitRequest(state: PoolState, request: LeaseRequest, now: number): Submitted {
  const read = checkRequest(request);
  if ('problem' in read) return refuse(state, 'InvalidRequest', read.problem);
  const wanted = read.request;
  const known = pruneRecent(state, now);
  return repeated(known, wanted) ?? takeNew(known, wanted, now);
}

function takeNew(state: PoolState, wanted: LeaseRequest, now: number): Submitted {
  const ofTeam = whyTeamRefuses(state.teams, wanted);
  if (ofTeam !== undefined) return refuse(state, 'InvalidRequest', ofTeam);
  const impossible = whyImpossible(state, wanted);
  if (impossible !== undefined) return refuse(state, 'NoSuchDevice', impossible);
  const waiting = Object.keys(state.waiting).length;
  if (waiting >= state.config.maxWaiting) {
    return refuse(
      state,
      'PoolFull',
      `${waiting} requests wait in pool ${state.pool}, which takes ${state.config.maxWaiting}: ask again later`,
    );
  }
  if (isCarriedFull(state, wanted)) {
    return refuse(
      state,
      'PoolFull',
      `the requests of pool ${state.pool} are as long as it can remember, ${waiting} of them waiting: ask again later, with shorter labels and lists`,
    );
  }
  const entry: WaitingRequest = {
    request: wanted,
    submittedAt: now,
    grants: 0,
    serial: nextSerial(state),
    promised: null,
    victims: [],
    requeuedFor: null,
  };
  const typical = rememberShape(state.typical, wanted.resources);
  return { state: { ...state, typical, waiting: withOneMore(state.waiting, entry) } };
}

/** What becomes of a request id that is known; undefined when it is new. */
function repeated(state: PoolState, wanted: LeaseRequest): Submitted | undefined {
  const { requestId, holder } = wanted;
  const waits = lookup(state.waiting, requestId);
  const held = waits ? undefined : findLease(state, requestId);
  const known = waits ?? held;
  if (known === undefined) {
    return state.recent.some((entry) => entry.requestId === requestId)
      ? refuse(state, 'InvalidRequest', `request id ${requestId} is used up: choose a new one`)
      : undefined;
  }
  const other = known.request.holder;
  if (other.workflowId !== holder.workflowId) {
    return refuse(
      state,
      'InvalidRequest',
      `request id ${requestId} is in use by workflow ${other.workflowId}: choose another one`,
    );
  }
  // A workflow that was reset goes on as another run, which is the one to be told from now on.
  const request = { ...known.request, holder };
  if (waits) {
    return {
      state: { ...state, waiting: { ...state.waiting, [requestId]: { ...waits, request } } },
    };
  }
  const { leaseId } = held as HeldLease;
  const lease = { ...(held as HeldLease), request };
  return { state: { ...state, leases: { ...state.leases, [leaseId]: lease } }, granted: leaseId };
}

function findLease(state: PoolState, requestId: string): HeldLease | undefined {
  return (
    lookup(state.leases, requestId) ??
    Object.values(state.leases).find((lease) => lease.request.requestId === requestId)
  );
}

function refuse(state: PoolState, type: FailureType, message: string): Submitted {
  const totals = { ...state.totals, refused: state.totals.refused + 1 };
  return { state: { ...state, totals }, refusal: { type, message } };
}
