import {
  getExternalWorkflowHandle,
  log,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import {
  type PartitionControl,
  type PartitionInput,
  type PartitionState,
  recordsRead,
} from '../../contracts/backfill/pages.ts';
import { noCounts, totalFailed } from '../counts.ts';
import { partitionProgressSignal } from '../messages.ts';

/** Input of every run of a partition. */
export interface PartitionRunInput extends PartitionInput {
  /** History length at which a run hands over; the server's suggestion when absent. */
  maxHistoryLength?: number;
}

/** What the steps of one run of a partition share. */
export interface PartitionContext {
  input: PartitionRunInput;
  /** Of the pages that all stores have: work that is under way is not in it. */
  state: PartitionState;
  control: PartitionControl;
  /** When the last page began, ms since the epoch; 0: none has. */
  pageBeganAt: number;
  /** Records that the rate counts of it: as many as a page may have, until it is known. */
  pageRecords: number;
  /** Says what is happening in the Web UI. */
  show(message: string): void;
  /** Tells the job how far it is, where its last word is old enough. */
  report(): void;
}

export function createPartitionContext(input: PartitionRunInput): PartitionContext {
  const { parent } = workflowInfo();
  const state = input.resume ?? { page: 0, cursor: null, done: false, counts: noCounts() };
  let reportedAt = Date.now();
  const context: PartitionContext = {
    input,
    state,
    control: input.control,
    pageBeganAt: 0,
    pageRecords: input.request.pageRecords,
    show: (message) => setCurrentDetails(details(context, message)),
    report() {
      const now = Date.now();
      if (parent === undefined || now < reportedAt + 1000 * context.control.reportSeconds) return;
      reportedAt = now;
      const { index } = input.partition;
      getExternalWorkflowHandle(parent.workflowId)
        .signal(partitionProgressSignal, { jobId: input.jobId, index, counts: state.counts })
        .catch((error) => log.warn('the job was not told', { error: String(error) }));
    },
  };
  return context;
}

export const partitionName = ({ request, partition }: PartitionInput): string =>
  `${request.collection} partition ${partition.index}`;

function details({ input, state }: PartitionContext, message: string): string {
  const { counts } = state;
  const figures = [
    `${recordsRead(counts)} of ${input.partition.records} records in ${counts.pages} pages`,
    `${counts.chunks} chunks, ${counts.embedded} embedded, ${counts.reused} reused`,
    `${totalFailed(counts.failed)} failed`,
  ];
  return [`**${message}**`, '', ...figures.map((line) => `- ${line}`)].join('\n');
}
