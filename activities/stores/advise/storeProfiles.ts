import { bytesPerDimension, type StoreProfile } from './storeProfile.ts';

const here = 'on 2 shared cores';

/** Sources of the numbers are named beside them; "documentation" is the makers' own. */
export const storeProfiles: readonly StoreProfile[] = [
  {
    kind: 'chroma',
    runs: 'stack',
    capabilities: {
      hybrid: 'fused',
      aliases: 'pointer',
      payloadIndexes: true,
      tenants: true,
      quantization: ['none'],
    },
    // Documentation, "Single-node performance": 0.245 million vectors of 1,024 dimensions a GB.
    memoryBytes: (vectors, dimensions) => (vectors * dimensions * 1e9) / (0.245e6 * 1_024),
    memoryRule: '1 GB per 0.245 million vectors of 1,024 dimensions (documentation)',
    fromDisk: false,
    maxDimensions: { none: 65_536 },
    load: { vectorsPerSecond: 378, measured: `its client ${here}, batches of 150` },
    comfortable: 20_000_000,
    grades: {
      filters: { grade: 1, why: 'filters are looked up in SQLite before the vector search' },
      hybrid: { grade: 0, why: 'full-text and vector ranks are fused by Berth' },
      writes: { grade: 1, why: 'one writer over SQLite; the index grows in memory' },
      tenants: { grade: 0, why: 'a tenant is no more than a condition in every search' },
    },
  },
  {
    kind: 'lancedb',
    runs: 'in process',
    capabilities: {
      hybrid: 'native',
      aliases: 'pointer',
      payloadIndexes: true,
      tenants: true,
      quantization: ['none', 'scalar', 'binary'],
    },
    // Columns are read from disk; what a search touches again and again is the index.
    memoryBytes: (vectors, dimensions, quantization) =>
      vectors * dimensions * Math.min(1, bytesPerDimension[quantization]),
    memoryRule: 'vectors × dimensions × 1 byte, and from disk with less',
    fromDisk: true,
    maxDimensions: { none: 65_536, scalar: 65_536, binary: 65_536 },
    load: { vectorsPerSecond: 7_700, measured: `its client ${here}, few large adds` },
    comfortable: 200_000_000,
    grades: {
      filters: { grade: 2, why: 'scalar indexes on columns, filters before the search' },
      hybrid: { grade: 2, why: 'full-text index and rank fusion of its own' },
      writes: {
        grade: 0,
        why: 'each write is a version and a fragment: compaction has to keep up',
      },
      tenants: { grade: 1, why: 'a tenant is an indexed column' },
    },
  },
  {
    kind: 'pgvector',
    runs: 'postgres',
    capabilities: {
      hybrid: 'native',
      aliases: 'native',
      payloadIndexes: true,
      tenants: true,
      quantization: ['none', 'half', 'binary'],
    },
    // Measured with pg_relation_size at 384 to 1,536 dimensions, m = 16: a node is its vector and 300
    // bytes, and a page of 8 KiB holds whole nodes only.
    memoryBytes: (vectors, dimensions, quantization) =>
      vectors * pageShare(dimensions * bytesPerDimension[quantization] + 300),
    memoryRule: 'vectors × (dimensions × 4 bytes + 300), whole ones in pages of 8 KiB (measured)',
    fromDisk: true,
    maxDimensions: { none: 2_000, half: 4_000, binary: 16_000 },
    load: { vectorsPerSecond: 1_400, measured: `Berth ${here}, its index built afterwards` },
    comfortable: 20_000_000,
    grades: {
      filters: {
        grade: 2,
        why: 'SQL over indexed JSON fields, scans that go on until there are enough',
      },
      hybrid: { grade: 2, why: 'tsvector and rank fusion in one SQL statement' },
      writes: { grade: 2, why: 'transactions; graph inserts and VACUUM cost more than a heap row' },
      tenants: { grade: 2, why: 'an indexed field, row-level security, joins with what is there' },
    },
  },
  {
    kind: 'qdrant',
    runs: 'server',
    capabilities: {
      hybrid: 'native',
      aliases: 'native',
      payloadIndexes: true,
      tenants: true,
      quantization: ['none', 'scalar', 'binary', 'half'],
    },
    // Documentation, "Capacity planning".
    memoryBytes: (vectors, dimensions, quantization) =>
      vectors * dimensions * bytesPerDimension[quantization] * 1.5,
    memoryRule: 'vectors × dimensions × 4 bytes × 1.5 (documentation)',
    fromDisk: true,
    maxDimensions: { none: 65_536, scalar: 65_536, half: 65_536, binary: 65_536 },
    load: { vectorsPerSecond: 2_440, measured: 'its makers at 768 dimensions: half of it' },
    comfortable: 100_000_000,
    grades: {
      filters: { grade: 3, why: 'the graph itself has links for indexed payload fields' },
      hybrid: { grade: 2, why: 'prefetches of text and vectors, fused by the server' },
      writes: { grade: 3, why: 'segments are optimized beside the writes; parallel streams' },
      tenants: { grade: 3, why: 'tenant index that keeps points of one tenant together' },
    },
  },
  {
    kind: 'weaviate',
    runs: 'server',
    capabilities: {
      hybrid: 'native',
      aliases: 'native',
      payloadIndexes: true,
      tenants: true,
      quantization: ['none', 'scalar', 'binary'],
    },
    // Documentation, "Resource planning".
    memoryBytes: (vectors, dimensions, quantization) =>
      vectors * dimensions * bytesPerDimension[quantization] * 2,
    memoryRule: 'vectors × dimensions × 4 bytes × 2 (documentation)',
    fromDisk: false,
    maxDimensions: { none: 65_535, scalar: 65_535, binary: 65_535 },
    load: { vectorsPerSecond: 365, measured: `its client ${here}, sequential batches of 500` },
    comfortable: 100_000_000,
    grades: {
      filters: { grade: 2, why: 'inverted indexes give an allow-list to the graph' },
      hybrid: { grade: 3, why: 'BM25 and vectors with a weight, in one call' },
      writes: { grade: 2, why: 'asynchronous indexing; batches in parallel' },
      tenants: { grade: 3, why: 'a shard for each tenant, unused ones put to sleep' },
    },
  },
];

function pageShare(bytes: number): number {
  const page = 8_152;
  return bytes > page / 2 ? Math.ceil(bytes / page) * 8_192 : 8_192 / Math.floor(page / bytes);
}
