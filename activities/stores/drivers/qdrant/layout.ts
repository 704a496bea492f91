import type { Schemas } from '@qdrant/js-client-rest';
import type { PayloadIndex } from '../../../../workflows/contracts/backfill/request.ts';
import { parseSpec, specText } from '../../shared/collectionSpec.ts';
import type { CollectionSpec } from '../../vectorStore.ts';

/** Names of a point's vectors. */
export const vectorNames = { dense: 'dense', text: 'text' } as const;

/** Kilobytes of vectors in a segment from which on it is indexed: Qdrant's default. */
const indexingThreshold = 10_000;

/** While a collection is loaded, segments are only written; 0 puts the index off. */
export const whileLoading = { indexing_threshold: 0 };
export const onceLoaded = { indexing_threshold: indexingThreshold };

/** Body of `PUT /collections/{name}`. What the collection is, stands in its metadata. */
export function qdrantLayout(physical: string, spec: CollectionSpec): Schemas['CreateCollection'] {
  const { layout, embedding } = spec;
  return {
    vectors: {
      [vectorNames.dense]: {
        size: embedding.dimensions,
        distance: 'Cosine',
        ...(layout.quantization === 'half' ? { datatype: 'float16' } : {}),
      },
    },
    ...(layout.fullText ? { sparse_vectors: { [vectorNames.text]: { modifier: 'idf' } } } : {}),
    // Links among the points of one tenant, beside those of the whole.
    ...(layout.tenantField === null ? {} : { hnsw_config: { payload_m: 16 } }),
    ...quantization(layout.quantization),
    optimizers_config: onceLoaded,
    metadata: { berth_physical: physical, berth_spec: specText(spec) },
  };
}

function quantization(
  kind: CollectionSpec['layout']['quantization'],
): Pick<Schemas['CreateCollection'], 'quantization_config'> {
  if (kind === 'scalar') {
    const scalar = { type: 'int8', quantile: 0.99, always_ram: true } as const;
    return { quantization_config: { scalar } };
  }
  return kind === 'binary' ? { quantization_config: { binary: { always_ram: true } } } : {};
}

/** Fields that are indexed before the graph is built, so that filtered search gets its links. */
export function qdrantIndexes({ layout }: CollectionSpec): PayloadIndex[] {
  const tenant: PayloadIndex[] =
    layout.tenantField === null ? [] : [{ field: layout.tenantField, type: 'keyword' }];
  return [...tenant, ...layout.payloadIndexes.filter(({ field }) => field !== layout.tenantField)];
}

export function fieldSchema(
  type: PayloadIndex['type'],
  isTenant: boolean,
): Schemas['PayloadFieldSchema'] {
  if (type === 'keyword' && isTenant) return { type: 'keyword', is_tenant: true };
  return type === 'boolean' ? 'bool' : type;
}

/** Collection and spec of a description; it may have been asked for by alias. undefined: not Berth's. */
export function readMetadata(
  info: Schemas['CollectionInfo'],
): { physical: string; spec: CollectionSpec } | undefined {
  const metadata = info.config.metadata as Record<string, unknown> | null | undefined;
  const spec = parseSpec(metadata?.berth_spec);
  const physical = metadata?.berth_physical;
  return spec === undefined || typeof physical !== 'string' ? undefined : { physical, spec };
}
