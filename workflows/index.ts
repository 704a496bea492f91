export { backfillEmbeddingsWorkflow } from './backfill/backfillEmbeddingsWorkflow.ts';
export { listCollectionsWorkflow } from './backfill/collections/listCollectionsWorkflow.ts';
export { rollbackCollectionWorkflow } from './backfill/collections/rollbackCollectionWorkflow.ts';
export { searchCollectionWorkflow } from './backfill/collections/searchCollectionWorkflow.ts';
export { backfillPartitionWorkflow } from './backfill/partition/backfillPartitionWorkflow.ts';
export { scheduledBackfillWorkflow } from './backfill/scheduledBackfillWorkflow.ts';
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
