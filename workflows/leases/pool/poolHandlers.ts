import { log, type SignalDefinition, setHandler, workflowInfo } from '@temporalio/workflow';
import { freshRunEvents } from '../../contracts/pool/messages.ts';
import type { LeaseRequest } from '../../contracts/pool/requests.ts';
import { describePool } from '../../scheduling/describe.ts';
import { clearDevice } from '../../scheduling/events/clearDevice.ts';
import { dropHolder } from '../../scheduling/events/dropHolder.ts';
import { releaseLease } from '../../scheduling/events/releaseLease.ts';
import { submitRequest } from '../../scheduling/events/submitRequest.ts';
import { takeLatency } from '../../scheduling/events/takeLatency.ts';
import { takeOveruse } from '../../scheduling/events/takeOveruse.ts';
import { takeReport } from '../../scheduling/events/takeReport.ts';
import { withdrawRequest } from '../../scheduling/events/withdrawRequest.ts';
import { explain } from '../../scheduling/explain/explain.ts';
import { hostView } from '../../scheduling/hostView.ts';
import type { PoolState } from '../../scheduling/state.ts';
import { whatIf } from '../../scheduling/whatIf.ts';
import * as messages from '../poolMessages.ts';
import type { PoolRun } from './poolRun.ts';
import type { HolderMessages } from './tellHolders.ts';
import { configured, drained, withTeams } from './updates.ts';

/**
 * Registers what the pool listens to. Handlers only replace the state and return, so none of them
 * waits, and a main loop decides once per activation, over everything that was heard.
 */
export function setPoolHandlers(run: PoolRun, holders: HolderMessages): void {
  const become = (state: PoolState): void => {
    run.state = state;
    run.dirty = true;
  };

  const hear = <T>(
    signal: SignalDefinition<[T]>,
    take: (state: PoolState, message: T, now: number) => PoolState,
  ): void =>
    setHandler(signal, (message) => {
      try {
        become(take(run.state, message, Date.now()));
      } catch (error) {
        // A signal that cannot be understood must not hold up the whole pool, as an error here would.
        log.error('a signal was dropped', { signal: signal.name, error: String(error) });
      }
    });

  const submit = (state: PoolState, request: LeaseRequest, now: number): PoolState => {
    const outcome = submitRequest(state, request, now);
    const { requestId, holder } = request;
    if (outcome.refusal !== undefined) {
      holders.tellRefusal({ requestId, holder, ...outcome.refusal });
    }
    if (outcome.granted !== undefined) {
      holders.tellGrant({ leaseId: outcome.granted, requestId, holder });
    }
    return outcome.state;
  };

  hear(messages.requestLeaseSignal, submit);
  hear(messages.releaseLeaseSignal, releaseLease);
  hear(messages.withdrawRequestSignal, withdrawRequest);
  hear(messages.hostHeartbeatSignal, takeReport);
  hear(messages.deviceClearedSignal, clearDevice);
  hear(messages.holderGoneSignal, dropHolder);
  hear(messages.reportLatencySignal, takeLatency);
  hear(messages.reportOveruseSignal, takeOveruse);
  setHandler(messages.handOverSignal, () => {
    // Of several hosts that go down together one is enough.
    if (workflowInfo().historyLength > freshRunEvents) run.handsOver = true;
  });

  setHandler(
    messages.drainDeviceUpdate,
    (input) => {
      const { state, result } = drained(run.state, input, Date.now());
      become(state);
      return result;
    },
    { validator: (input) => void drained(run.state, input, Date.now()) },
  );
  setHandler(
    messages.applyTeamsUpdate,
    (teams) => {
      become(withTeams(run.state, teams, Date.now()));
      return { teams: Object.keys(teams.teams).length };
    },
    { validator: (teams) => void withTeams(run.state, teams, Date.now()) },
  );
  setHandler(
    messages.configurePoolUpdate,
    (changes) => {
      become(configured(run.state, changes));
      return run.state.config;
    },
    { validator: (changes) => void configured(run.state, changes) },
  );

  setHandler(messages.describePoolQuery, () => describePool(run.state, Date.now()));
  setHandler(messages.explainRequestQuery, (requestId) =>
    explain(run.state, requestId, Date.now()),
  );
  setHandler(messages.whatIfQuery, (change) => whatIf(run.state, change, Date.now()));
  setHandler(messages.hostViewQuery, (hostId) => hostView(run.state, hostId, Date.now()));
}
