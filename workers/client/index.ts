/** The TypeScript interface of Berth: `import { connect } from 'berth'`. */
export type { DemandForecast } from '../../activities/usage/forecast/forecastDemand.ts';
export type { UsageReport, UsageRow } from '../../activities/usage/report/usageReport.ts';
export type {
  EvictResult,
  ExportResult,
  RemoveResult,
  SweepResult,
  TagResult,
  VerifyFailure,
  VerifyResult,
  WarmResult,
} from '../../workflows/contracts/activities.ts';
export type {
  CollectionInfo,
  CollectionVersion,
  SearchFilter,
  SearchHit,
  SearchResult,
} from '../../workflows/contracts/backfill/activities.ts';
export type {
  BackfillProgress,
  BackfillResult,
} from '../../workflows/contracts/backfill/progress.ts';
export type { BackfillControl } from '../../workflows/contracts/backfill/request.ts';
export { BerthError, type FailureType } from '../../workflows/contracts/errors.ts';
export type {
  GateReport,
  GateThresholds,
  IngestResult,
  IngestStage,
  QuantizationMethod,
  StageReport,
} from '../../workflows/contracts/ingest.ts';
export type { Manifest } from '../../workflows/contracts/manifest.ts';
export type {
  DeviceDescription,
  Explanation,
  LeaseDescription,
  PoolDescription,
  WaitingDescription,
  WaitReason,
  WhatIfAnswer,
  WhatIfChange,
} from '../../workflows/contracts/pool/description.ts';
export type { DrainResult } from '../../workflows/contracts/pool/messages.ts';
export type { LeaseRequest, Resources } from '../../workflows/contracts/pool/requests.ts';
export type { Reservation, Team, TeamsConfig } from '../../workflows/contracts/pool/teams.ts';
export type { BackfillClient, SearchOptions } from './backfill/backfillClient.ts';
export type { BackfillHandle } from './backfill/backfillHandle.ts';
export type { BackfillOptions } from './backfill/backfillOptions.ts';
export type { Berth, ConnectOptions } from './berth.ts';
export type { CancelResult } from './cancelJob.ts';
export { connect } from './connect.ts';
export type { IngestHandle } from './ingestHandle.ts';
export type { IngestOptions } from './ingestOptions.ts';
export type { JobProgress, PendingActivity, StageView } from './jobProgress.ts';
export type { ModelDetails, ModelListing, ModelSummary } from './models.ts';
export type { PoolClient } from './pool/poolClient.ts';
export type { ScheduleSettings } from './scheduledJobs.ts';
export type { ScheduleTiming } from './scheduleSpec.ts';
export type { EnsuredSchedule, ScheduleAdministration, ScheduleInfo } from './schedules.ts';
export type { DeviceStatus, QueueStatus, ServerStatus, StackStatus } from './status.ts';
export type { ForecastOptions, UsageClient, UsageOptions } from './usage/usageClient.ts';
