import type { StoreKind } from '../../../workflows/contracts/backfill/request.ts';
import type { StoreCapabilities } from '../vectorStore.ts';

export type AdvisedKind = Exclude<StoreKind, 'noop'>;

/** How well a store does something, 0 (poorly) to 3 (best of the five). */
export type Grade = 0 | 1 | 2 | 3;

/** What is known of a store; each number with where it comes from. */
export interface StoreProfile {
  kind: AdvisedKind;
  /** Where it runs: inside Berth's process, in Berth's own stack, or as a server of one's own. */
  runs: 'in process' | 'stack' | 'server' | 'postgres';
  /** Of Berth's driver. */
  capabilities: Pick<StoreCapabilities, 'hybrid' | 'aliases' | 'payloadIndexes' | 'tenants'> & {
    quantization: readonly StoreCapabilities['quantization'][number][];
  };
  /** Bytes of memory for fast searches, by quantization. */
  memoryBytes(vectors: number, dimensions: number, quantization: Quantization): number;
  /** The formula, for people. */
  memoryRule: string;
  /** Whether searches stay usable when the index does not fit into memory. */
  fromDisk: boolean;
  /** Longest vector with an index, by quantization. */
  maxDimensions: Partial<Record<Quantization, number>>;
  /** Vectors a second at 384 dimensions into one node, and who measured. */
  load: { vectorsPerSecond: number; measured: string };
  /** Vectors that one node should hold, by its makers' words or its design. */
  comfortable: number;
  grades: {
    filters: { grade: Grade; why: string };
    hybrid: { grade: Grade; why: string };
    writes: { grade: Grade; why: string };
    tenants: { grade: Grade; why: string };
  };
}

export type Quantization = 'none' | 'scalar' | 'half' | 'binary';

/** Bytes a dimension of the index. */
export const bytesPerDimension: Record<Quantization, number> = {
  none: 4,
  half: 2,
  scalar: 1,
  binary: 1 / 8,
};
