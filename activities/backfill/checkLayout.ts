import type { CollectionLayout, StoreRef } from '../../workflows/contracts/backfill/request.ts';
import { formatStoreRef } from '../../workflows/contracts/backfill/request.ts';
import { unsupported } from '../stores/shared/storeFailure.ts';
import type { StoreCapabilities } from '../stores/vectorStore.ts';

/** @throws BerthError StoreUnsupported naming the store and what it lacks */
export function checkLayout(
  ref: StoreRef,
  capabilities: StoreCapabilities,
  { payloadIndexes, fullText, quantization, tenantField }: CollectionLayout,
  dimensions: number,
): void {
  const refuse = (what: string) => unsupported(formatStoreRef(ref), what);
  if (!capabilities.quantization.includes(quantization)) {
    throw refuse(`keep vectors with ${quantization} quantization`);
  }
  if (payloadIndexes.length > 0 && !capabilities.payloadIndexes) {
    throw refuse(`index payload fields (${payloadIndexes.map(({ field }) => field).join(', ')})`);
  }
  if (fullText && capabilities.hybrid === 'none') throw refuse('index full text');
  if (tenantField !== null && !capabilities.tenants) {
    throw refuse(`keep tenants apart (by ${tenantField})`);
  }
  if (dimensions > capabilities.maxDimensions) {
    throw refuse(
      `keep vectors of ${dimensions} dimensions (at most ${capabilities.maxDimensions})`,
    );
  }
}
