import type { StoreStepInput } from '../../../workflows/contracts/backfill/activities.ts';
import type { VectorStore } from '../../stores/vectorStore.ts';
import type { Ledger } from '../ledger.ts';
import type { Pulse } from '../pulse.ts';

/** What each check of a filled collection looks at. */
export interface VerificationInput {
  step: StoreStepInput;
  store: VectorStore;
  ledger: Ledger;
  /** Points that the store counts. */
  points: number;
  pulse: Pulse;
}
