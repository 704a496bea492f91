export {
  exportModelWorkflow,
  removeModelWorkflow,
  sweepStoreWorkflow,
  tagModelWorkflow,
  verifyModelWorkflow,
} from './catalogue/catalogueWorkflows.ts';
export { ingestModelWorkflow } from './ingest/ingestModelWorkflow.ts';
export { evictModelWorkflow, warmModelWorkflow } from './warm/warmModelWorkflow.ts';
