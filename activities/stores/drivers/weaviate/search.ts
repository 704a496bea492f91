import { checkQuery } from '../../shared/checkPoints.ts';
import { filterClauses } from '../../shared/filters.ts';
import { payloadFields } from '../../shared/payload.ts';
import type { StoreCapabilities, StoreHit, VectorStore } from '../../vectorStore.ts';
import type { WeaviateCollections } from './collections.ts';
import type { WeaviateConnection } from './connection.ts';
import { propertiesOf, weaviateFilter } from './filter.ts';
import { toClassName } from './names.ts';
import { fromWeaviateObject, readProperties } from './objects.ts';

/** Text and vector weigh the same. */
const alpha = 0.5;

interface Ranked {
  uuid: string;
  properties: Record<string, unknown>;
  metadata?: { distance?: number; score?: number };
}

/** Vector search, and the store's own fusion of it with BM25 by ranks. */
export function createWeaviateSearch(
  { client, where, call }: WeaviateConnection,
  collections: Pick<WeaviateCollections, 'withKnown' | 'fresh'>,
  capabilities: StoreCapabilities,
): VectorStore['search'] {
  return (physical, query) =>
    collections.withKnown(physical, async (known): Promise<StoreHit[]> => {
      const { layout, embedding } = known.spec;
      const { dimensions } = embedding;
      const { fullText } = layout;
      checkQuery(`${where}: ${physical}`, { capabilities }, query, { dimensions, fullText });
      const tenant = { field: layout.tenantField, value: query.tenant };
      const clauses = filterClauses(query.filter, tenant);
      // Another process may have added what this one does not know yet.
      const lacking = propertiesOf(clauses).some((name) => !known.properties.has(name));
      const { properties } = lacking ? await collections.fresh(physical) : known;
      const collection = client.collections.use(toClassName(physical));
      const filters = weaviateFilter(where, collection, clauses, properties);
      if (filters === 'none') return [];

      const vector = Array.from(query.vector);
      const options = {
        limit: query.limit,
        returnProperties: readProperties as never,
        ...(filters === undefined ? {} : { filters }),
      };
      const hybrid = query.hybrid === true;
      const { objects } = await call('search', physical, () =>
        hybrid
          ? collection.query.hybrid(query.text ?? '', {
              ...options,
              alpha,
              vector,
              fusionType: 'Ranked',
              queryProperties: [payloadFields.text] as never,
              returnMetadata: ['score'],
            })
          : collection.query.nearVector(vector, { ...options, returnMetadata: ['distance'] }),
      );
      return (objects as unknown as Ranked[]).map(({ uuid, properties: kept, metadata }) => ({
        point: fromWeaviateObject(uuid, kept, undefined),
        score: hybrid ? (metadata?.score ?? 0) : 1 - (metadata?.distance ?? 1),
      }));
    });
}
