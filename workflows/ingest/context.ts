import { setCurrentDetails } from '@temporalio/workflow';
import { renderProgress } from './progress.ts';
import type { IngestRunInput, IngestState } from './state.ts';

/** What the steps of one run share. */
export interface IngestContext {
  input: IngestRunInput;
  state: IngestState;
  /** Says what is happening, in the query and in the Web UI. */
  show(message: string): void;
}

export function createIngestContext(input: IngestRunInput, state: IngestState): IngestContext {
  return {
    input,
    state,
    show(message) {
      state.progress.message = message;
      setCurrentDetails(renderProgress(state.progress));
    },
  };
}

export function showLostLease({ show }: IngestContext): void {
  show('the lease was lost; taking another device');
}
