import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type {
  Explanation,
  PoolDescription,
  WhatIfAnswer,
  WhatIfChange,
} from '../contracts/pool/description.ts';
import type { HostReport } from '../contracts/pool/devices.ts';
import {
  type FinishHoldMessage,
  type HoldLeaseState,
  holdQueries,
  holdSignals,
} from '../contracts/pool/hold.ts';
import {
  type ClearedMessage,
  type DrainInput,
  type DrainResult,
  type GrantMessage,
  type HolderGoneMessage,
  type HostView,
  holderSignals,
  type LatencyMessage,
  type OveruseMessage,
  type PoolConfig,
  poolQueries,
  poolSignals,
  poolUpdates,
  type RefuseMessage,
  type ReleaseMessage,
  type RevokeMessage,
  type WithdrawMessage,
} from '../contracts/pool/messages.ts';
import type { LeaseRequest } from '../contracts/pool/requests.ts';
import type { TeamsConfig } from '../contracts/pool/teams.ts';

export const requestLeaseSignal = defineSignal<[LeaseRequest]>(poolSignals.request);
export const releaseLeaseSignal = defineSignal<[ReleaseMessage]>(poolSignals.release);
export const withdrawRequestSignal = defineSignal<[WithdrawMessage]>(poolSignals.withdraw);
export const hostHeartbeatSignal = defineSignal<[HostReport]>(poolSignals.heartbeat);
export const deviceClearedSignal = defineSignal<[ClearedMessage]>(poolSignals.cleared);
export const holderGoneSignal = defineSignal<[HolderGoneMessage]>(poolSignals.holderGone);
export const reportLatencySignal = defineSignal<[LatencyMessage]>(poolSignals.latency);
export const reportOveruseSignal = defineSignal<[OveruseMessage]>(poolSignals.overuse);
export const handOverSignal = defineSignal(poolSignals.handOver);

export const drainDeviceUpdate = defineUpdate<DrainResult, [DrainInput]>(poolUpdates.drain);
export const applyTeamsUpdate = defineUpdate<{ teams: number }, [TeamsConfig]>(
  poolUpdates.applyTeams,
);
export const configurePoolUpdate = defineUpdate<PoolConfig, [Partial<PoolConfig>]>(
  poolUpdates.configure,
);

export const describePoolQuery = defineQuery<PoolDescription>(poolQueries.describe);
export const explainRequestQuery = defineQuery<Explanation, [string]>(poolQueries.explain);
export const whatIfQuery = defineQuery<WhatIfAnswer, [WhatIfChange]>(poolQueries.whatIf);
export const hostViewQuery = defineQuery<HostView, [string]>(poolQueries.hostView);

export const leaseGrantedSignal = defineSignal<[GrantMessage]>(holderSignals.granted);
export const leaseRevokedSignal = defineSignal<[RevokeMessage]>(holderSignals.revoked);
export const leaseRefusedSignal = defineSignal<[RefuseMessage]>(holderSignals.refused);

export const finishHoldSignal = defineSignal<[FinishHoldMessage]>(holdSignals.finish);
export const holdStateQuery = defineQuery<HoldLeaseState>(holdQueries.state);
