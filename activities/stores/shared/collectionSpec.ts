import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { berthError } from '../../../workflows/contracts/errors.ts';
import type { CollectionSpec, StoreCapabilities } from '../vectorStore.ts';
import { unsupported } from './storeFailure.ts';

const specSchema = z.object({
  collection: z.string(),
  embedding: z.object({
    contentDigest: z.string(),
    pooling: z.enum(['mean', 'cls', 'last']),
    normalize: z.boolean(),
    dimensions: z.number().int().positive(),
    maxTokens: z.number().int().positive(),
  }),
  artifact: z.string().nullable(),
  embedder: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('model'), ref: z.string() }),
    z.object({ kind: z.literal('endpoint'), url: z.string(), model: z.string() }),
  ]),
  splitter: z.object({
    maxTokens: z.number().int(),
    overlapTokens: z.number().int(),
    version: z.string(),
  }),
  layout: z.object({
    payloadIndexes: z.array(
      z.object({
        field: z.string(),
        type: z.enum(['keyword', 'integer', 'float', 'boolean', 'datetime']),
      }),
    ),
    fullText: z.boolean(),
    quantization: z.enum(['none', 'scalar', 'binary', 'half']),
    tenantField: z.string().nullable(),
  }),
  jobId: z.string(),
  createdAt: z.string(),
});

/** How a spec is kept in a store that has room for a text beside a collection. */
export const specText = (spec: CollectionSpec): string => JSON.stringify(spec);

/** @returns undefined when the text is none of Berth's */
export function parseSpec(text: unknown): CollectionSpec | undefined {
  if (typeof text !== 'string') return undefined;
  try {
    return specSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** @throws BerthError DimensionMismatch unless both are of one job and the same in all but their time */
export function requireSameSpec(
  where: string,
  physical: string,
  present: CollectionSpec | undefined,
  wanted: CollectionSpec,
): void {
  const unlike = (what: string) =>
    berthError(
      'DimensionMismatch',
      `${where}: ${physical} exists ${what}; drop it or take another name`,
    );
  if (present === undefined) throw unlike('and was not made by Berth');
  const { dimensions } = present.embedding;
  if (dimensions !== wanted.embedding.dimensions) {
    throw unlike(`with ${dimensions} dimensions, not ${wanted.embedding.dimensions}`);
  }
  if (!isDeepStrictEqual({ ...present, createdAt: '' }, { ...wanted, createdAt: '' })) {
    throw unlike(`with another model, splitter or layout, or of another job (${present.jobId})`);
  }
}

/**
 * What a new collection asks for and the store denies.
 * @throws BerthError StoreUnsupported naming it; DimensionMismatch for vectors that are too long
 */
export function checkLayout(
  where: string,
  capabilities: StoreCapabilities,
  { layout, embedding }: CollectionSpec,
): void {
  if (embedding.dimensions > capabilities.maxDimensions) {
    throw berthError(
      'DimensionMismatch',
      `${where}: takes at most ${capabilities.maxDimensions} dimensions, the model gives ${embedding.dimensions}`,
    );
  }
  if (!capabilities.quantization.includes(layout.quantization)) {
    throw unsupported(where, `keep vectors with quantization ${layout.quantization}`);
  }
  if (layout.payloadIndexes.length > 0 && !capabilities.payloadIndexes) {
    throw unsupported(where, 'index payload fields');
  }
  if (layout.tenantField !== null && !capabilities.tenants)
    throw unsupported(where, 'keep tenants apart');
  if (layout.fullText && capabilities.hybrid === 'none')
    throw unsupported(where, 'search full text');
}
