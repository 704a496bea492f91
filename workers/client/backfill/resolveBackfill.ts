import { resolve } from 'node:path';
import { requireAllowedFile } from '../../../activities/ingest/source/sourceRoot.ts';
import type {
  BackfillInput,
  BackfillRequest,
  EmbedderRequest,
  PayloadIndex,
  PayloadIndexType,
} from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { parseDuration } from '../duration.ts';
import { requireRef } from '../refs.ts';
import type { CheckedBackfillOptions } from './backfillOptions.ts';
import { parseDailyWindow } from './dailyWindow.ts';
import { resolveSource } from './sourceOption.ts';
import { parseStoreRefs } from './storeRef.ts';

const indexTypes: PayloadIndexType[] = ['keyword', 'integer', 'float', 'boolean', 'datetime'];

/**
 * Makes what the workflow gets of options whose form is right.
 * @param sources BERTH_SOURCES; empty allows any folder.
 * @param now ms, for a deadline that is a duration
 * @throws BerthError InvalidRequest or SourceNotAllowed in one line
 */
export async function resolveBackfill(
  options: CheckedBackfillOptions,
  sources: readonly string[],
  now: number,
): Promise<Omit<BackfillInput, 'hostId'>> {
  const source = await resolveSource(options, sources);
  const knownItems = options.knownItems === undefined ? null : resolve(options.knownItems);
  if (knownItems !== null) await requireAllowedFile(knownItems, sources);
  const request: BackfillRequest = {
    source,
    collection: options.collection,
    stores: parseStoreRefs(options.stores),
    embedder: chooseEmbedder(options),
    pooling: options.pooling ?? null,
    normalize: options.normalize ?? null,
    dimensions: options.dimensions ?? null,
    splitter: { maxTokens: options.maxTokens ?? null, overlapTokens: options.overlap },
    layout: {
      payloadIndexes: options.indexes.map(parseIndex),
      fullText: options.fullText,
      quantization: options.quantizeVectors,
      tenantField: options.tenantField ?? null,
    },
    pageRecords: options.pageRecords,
    partitionPages: options.partitionPages,
    rebuild: options.rebuild,
    deleteMissing: options.deleteMissing,
    keepPrevious: options.keepPrevious,
    verification: {
      sample: options.sample,
      minRecall: options.minRecall,
      knownItems,
      minKnownItems: options.minKnownItems,
    },
    maxFailures: options.maxFailures,
    control: {
      paused: false,
      recordsPerSecond: options.rate ?? null,
      concurrency: options.concurrency,
    },
    between: options.between === undefined ? null : parseDailyWindow(options.between),
    deadline: options.deadline === undefined ? null : parseDeadline(options.deadline, now),
    pricePerMillionTokens: options.price ?? null,
    replayOf: null,
  };
  if (options.maxTokens !== undefined && options.overlap >= options.maxTokens) {
    throw berthError(
      'InvalidRequest',
      `overlap ${options.overlap}: expected less than the chunk size, ${options.maxTokens} tokens`,
    );
  }
  return { request, team: options.team, dryRun: options.dryRun };
}

function chooseEmbedder({ model = '', embedder }: CheckedBackfillOptions): EmbedderRequest {
  if (embedder === undefined) {
    requireRef(model);
    return { kind: 'model', ref: model };
  }
  const url = new URL(embedder);
  // A key in the query would stand in the job's history and in every message.
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw berthError(
      'InvalidRequest',
      `embedder at ${url.host}: expected an address without credentials, ? and #; put the key into BERTH_EMBEDDER_KEY`,
    );
  }
  return { kind: 'endpoint', url: embedder.replace(/\/+$/, ''), model };
}

function parseIndex(text: string): PayloadIndex {
  const colon = text.lastIndexOf(':');
  const field = text.slice(0, colon);
  const type = text.slice(colon + 1) as PayloadIndexType;
  if (colon > 0 && indexTypes.includes(type)) return { field, type };
  throw berthError(
    'InvalidRequest',
    `index ${JSON.stringify(text)}: expected field:type with one of ${indexTypes.join(', ')}, such as year:integer`,
  );
}

function parseDeadline(text: string, now: number): string {
  const duration = parseDuration(text);
  const at = duration === undefined ? Date.parse(text) : now + duration;
  if (Number.isNaN(at) || at <= now) {
    throw berthError(
      'InvalidRequest',
      `deadline ${JSON.stringify(text)}: expected a time to come, such as 2027-01-01T06:00:00Z, or a duration such as 8h`,
    );
  }
  return new Date(at).toISOString();
}
