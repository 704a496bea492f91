import { holderSignals, poolSignals, poolUpdates } from '../../contracts/pool/messages.ts';
import { applyTeams } from '../events/applyTeams.ts';
import { clearDevice } from '../events/clearDevice.ts';
import { drainDevices } from '../events/drainDevices.ts';
import { dropHolder } from '../events/dropHolder.ts';
import { releaseLease } from '../events/releaseLease.ts';
import { submitRequest } from '../events/submitRequest.ts';
import { takeLatency } from '../events/takeLatency.ts';
import { takeOveruse } from '../events/takeOveruse.ts';
import { takeReport } from '../events/takeReport.ts';
import { withdrawRequest } from '../events/withdrawRequest.ts';
import { lookup } from '../lookup.ts';
import type { PoolState } from '../state.ts';
import { recordedGrant, recordedRefusal, recordedRevocation } from './decisions.ts';

/** What the history of a run shows: a Signal or accepted Update that the pool got, a Signal that it sent. */
export interface RecordedMessage {
  /** Milliseconds since the Unix epoch. */
  at: number;
  kind: 'heard' | 'updated' | 'told';
  /** Of the Signal or Update. */
  name: string;
  payload: unknown;
}

// biome-ignore lint/suspicious/noExplicitAny: each reducer checks the message that it is given
type Reducer = (state: PoolState, payload: any, now: number) => PoolState;

const unlessRefused =
  <T>(apply: (state: PoolState, payload: T, now: number) => object): Reducer =>
  (state, payload: T, now) => {
    const outcome = apply(state, payload, now);
    return 'state' in outcome ? (outcome.state as PoolState) : state;
  };

const reducers: Record<RecordedMessage['kind'], Record<string, Reducer>> = {
  heard: {
    [poolSignals.request]: unlessRefused(submitRequest),
    [poolSignals.release]: releaseLease,
    [poolSignals.withdraw]: withdrawRequest,
    [poolSignals.heartbeat]: takeReport,
    [poolSignals.cleared]: clearDevice,
    [poolSignals.holderGone]: dropHolder,
    [poolSignals.latency]: takeLatency,
    [poolSignals.overuse]: takeOveruse,
  },
  updated: {
    [poolUpdates.drain]: unlessRefused(drainDevices),
    [poolUpdates.applyTeams]: unlessRefused(applyTeams),
    [poolUpdates.configure]: (state, changes: object) => ({
      ...state,
      config: { ...state.config, ...changes },
    }),
  },
  told: {
    [holderSignals.granted]: recordedGrant,
    [holderSignals.revoked]: recordedRevocation,
    [holderSignals.refused]: recordedRefusal,
  },
};

/** Grants of a pool that was started in between, and soon replaced, stay below. */
const epochsLeftOut = 100;

/**
 * The state of a run as its history tells it: what the pool heard is heard again, and what it decided
 * is read, not decided again. So a version that would decide otherwise can go on from it. Promises
 * and notices that were not sent yet are lost; they are decided anew.
 *
 * @param begin the state that the run began with
 */
export function recordedState(begin: PoolState, messages: Iterable<RecordedMessage>): PoolState {
  let state = begin;
  for (const { at, kind, name, payload } of messages) {
    try {
      state = lookup(reducers[kind], name)?.(state, payload, at) ?? state;
    } catch {
      // The pool drops a signal that it does not understand, too.
    }
  }
  const epochs = Object.entries(state.epochs).map(([id, epoch]) => [id, epoch + epochsLeftOut]);
  return { ...state, epochs: Object.fromEntries(epochs), tickAt: 0, dueAt: null };
}
