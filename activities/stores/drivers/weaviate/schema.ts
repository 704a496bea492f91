import weaviate, { type PropertyConfigCreate } from 'weaviate-client';
import type { PayloadIndex } from '../../../../workflows/contracts/backfill/request.ts';
import { specText } from '../../shared/collectionSpec.ts';
import { payloadFields } from '../../shared/payload.ts';
import type { CollectionSpec } from '../../vectorStore.ts';
import { toClassName, toPropertyName, type ValueKind } from './names.ts';
import { metadataProperty } from './objects.ts';

type Property = PropertyConfigCreate<undefined>;

const unindexed = { indexFilterable: false, indexSearchable: false } as const;
const kindOfIndex: Record<PayloadIndex['type'], ValueKind> = {
  keyword: 'text',
  datetime: 'text',
  boolean: 'boolean',
  integer: 'number',
  float: 'number',
};

/** A collection as Weaviate's client makes it. What it is, stands in its description. */
export function weaviateSchema(physical: string, spec: CollectionSpec) {
  const { configure } = weaviate;
  const { quantizer } = configure.vectorIndex;
  const { layout } = spec;
  const kind = layout.quantization;
  return {
    name: toClassName(physical),
    description: specText(spec),
    vectorizers: configure.vectors.selfProvided({
      vectorIndexConfig: configure.vectorIndex.hnsw({
        distanceMetric: 'cosine',
        // Said, since the server quantizes by itself where nothing is.
        quantizer:
          kind === 'scalar'
            ? quantizer.sq()
            : kind === 'binary'
              ? quantizer.bq()
              : quantizer.none(),
      }),
    }),
    // Of no language: rare words weigh by their rarity.
    invertedIndex: configure.invertedIndex({ stopwordsPreset: 'none' }),
    properties: [...ownProperties(layout.fullText), ...filterProperties(layout)],
  };
}

function ownProperties(fullText: boolean): Property[] {
  const text = (name: string, index: Partial<Property> = unindexed): Property =>
    ({ name, dataType: 'text', ...index }) as Property;
  const int = (name: string): Property => ({ name, dataType: 'int', indexFilterable: false });
  return [
    text(
      payloadFields.text,
      fullText
        ? { indexFilterable: false, indexSearchable: true, tokenization: 'word' }
        : unindexed,
    ),
    text(payloadFields.sourceName),
    text(payloadFields.recordId),
    int(payloadFields.chunk),
    int(payloadFields.chunks),
    text(payloadFields.recordDigest),
    text(metadataProperty),
  ];
}

function filterProperties({ payloadIndexes, tenantField }: CollectionSpec['layout']): Property[] {
  const names = new Set(payloadIndexes.map(propertyOfIndex));
  if (tenantField !== null) names.add(toPropertyName(tenantField, 'text'));
  return [...names].map(filterProperty);
}

export const propertyOfIndex = ({ field, type }: PayloadIndex): string =>
  toPropertyName(field, kindOfIndex[type]);

/** By its name (names.ts): an array, whose values are compared whole. */
export function filterProperty(name: string): Property {
  if (name.startsWith('number_')) return { name, dataType: 'number[]', indexFilterable: true };
  if (name.startsWith('boolean_')) return { name, dataType: 'boolean[]', indexFilterable: true };
  return {
    name,
    dataType: 'text[]',
    indexFilterable: true,
    indexSearchable: false,
    tokenization: 'field',
  };
}
