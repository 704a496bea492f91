export {
  exportModelWorkflow,
  removeModelWorkflow,
  sweepStoreWorkflow,
  tagModelWorkflow,
  verifyModelWorkflow,
} from './catalogue/catalogueWorkflows.ts';
export { ingestModelWorkflow } from './ingest/ingestModelWorkflow.ts';
export { gpuPoolWorkflow } from './leases/gpuPoolWorkflow.ts';
export { holdLeaseWorkflow } from './leases/holdLeaseWorkflow.ts';
export { evictModelWorkflow, warmModelWorkflow } from './warm/warmModelWorkflow.ts';
