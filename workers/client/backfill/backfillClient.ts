import type { BerthConfig } from '../../../activities/platform/config.ts';
import type {
  CollectionInfo,
  SearchFilter,
  SearchResult,
} from '../../../workflows/contracts/backfill/activities.ts';
import { collectionPattern } from '../../../workflows/contracts/backfill/messages.ts';
import type { RollbackResult } from '../../../workflows/contracts/backfill/operations.ts';
import type { BackfillInput } from '../../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { defaultPool } from '../../../workflows/contracts/pool/messages.ts';
import { runHostOperation } from '../hostOperations.ts';
import type { ScheduleSettings } from '../scheduledJobs.ts';
import type { EnsuredSchedule } from '../schedules.ts';
import type { Session } from '../session.ts';
import type { BackfillHandle } from './backfillHandle.ts';
import { type BackfillOptions, checkBackfillOptions } from './backfillOptions.ts';
import { ensureBackfillSchedule } from './backfillSchedule.ts';
import { replayInput } from './replayBackfill.ts';
import { resolveBackfill } from './resolveBackfill.ts';
import { attachBackfill, startBackfill } from './startBackfill.ts';
import { parseStoreRef, parseStoreRefs } from './storeRef.ts';

export interface SearchOptions {
  /** Default `chroma`, the stack's own. */
  store?: string;
  /** All of its fields have to match. */
  filter?: SearchFilter;
  /** Text and vectors together. */
  hybrid?: boolean;
  tenant?: string;
  /** Default 5, at most 100. */
  top?: number;
}

/** The part of `Berth` that fills and searches collections. */
export interface BackfillClient {
  /**
   * Starts filling a collection; returns at once with a handle. The same request while it runs
   * attaches to the job under way. Errors: InvalidRequest, also when another one fills it.
   */
  backfill(options: BackfillOptions): Promise<BackfillHandle>;
  /** Finds a backfill by its workflow id. Errors: InvalidRequest when there is none. */
  attachBackfill(workflowId: string): Promise<BackfillHandle>;
  /** Tries the dead letters of a backfill that has ended again, and only those. */
  replayBackfill(workflowId: string): Promise<BackfillHandle>;
  /**
   * Chunks that are nearest to `query`, from the collection that the alias names, embedded by the
   * model that filled it. Errors: CollectionNotFound, StoreUnsupported, StoreUnavailable.
   */
  search(collection: string, query: string, options?: SearchOptions): Promise<SearchResult>;
  /**
   * All collections of the stores with their versions. Default: the stack's Chroma and the
   * host's own LanceDB folder, as far as they are there.
   */
  collections(options?: { stores?: string[] }): Promise<CollectionInfo[]>;
  /** Points the alias at the version before the current one. Errors: CollectionNotFound. */
  rollback(collection: string, options?: { store?: string }): Promise<RollbackResult>;
}

export interface BackfillSchedules {
  /** Creates or changes the schedule of a backfill; the source is read at each run. */
  ensureBackfill(options: BackfillOptions, settings: ScheduleSettings): Promise<EnsuredSchedule>;
}

const ownStore = 'chroma';
const mostHits = 100;

export function createBackfillClient(
  open: () => Promise<Session>,
  config: BerthConfig,
): BackfillClient & BackfillSchedules {
  const pool = config.pools[0]?.name ?? defaultPool;
  // Before connecting: what is wrong with a request matters more than whether a stack runs.
  const resolveOptions = async (options: BackfillOptions) => ({
    ...(await resolveBackfill(checkBackfillOptions(options), config.sources, Date.now())),
    ...(pool === defaultPool ? {} : { pool }),
  });
  const start = async (asked: Omit<BackfillInput, 'hostId'>) => {
    const session = await open();
    return startBackfill(session, { ...asked, hostId: session.hostId });
  };
  return {
    backfill: async (options) => start(await resolveOptions(options)),
    attachBackfill: async (workflowId) => attachBackfill(await open(), workflowId),
    replayBackfill: async (workflowId) => start(await replayInput(await open(), workflowId)),
    async search(collection, query, options = {}) {
      requireCollection(collection);
      const { store = ownStore, filter = null, hybrid = false, tenant = null, top = 5 } = options;
      if (query.trim() === '') {
        throw berthError('InvalidRequest', 'query: expected some text to search for');
      }
      if (!Number.isInteger(top) || top < 1 || top > mostHits) {
        throw berthError('InvalidRequest', `top ${top}: expected a number from 1 to ${mostHits}`);
      }
      const ref = parseStoreRef(store);
      const search = { store: ref, collection, query, filter, hybrid, tenant, top };
      return runHostOperation(await open(), 'searchCollectionWorkflow', { search }, { collection });
    },
    async collections({ stores } = {}) {
      const refs = stores === undefined ? null : parseStoreRefs(stores);
      return runHostOperation(await open(), 'listCollectionsWorkflow', { stores: refs });
    },
    async rollback(collection, { store = ownStore } = {}) {
      requireCollection(collection);
      const input = { store: parseStoreRef(store), collection };
      return runHostOperation(await open(), 'rollbackCollectionWorkflow', input, { collection });
    },
    async ensureBackfill(options, settings) {
      const asked = await resolveOptions(options);
      const session = await open();
      return ensureBackfillSchedule(session, settings, { ...asked, hostId: session.hostId });
    },
  };
}

function requireCollection(name: string): void {
  if (!collectionPattern.test(name)) {
    throw berthError(
      'InvalidRequest',
      `collection ${JSON.stringify(name)}: expected lower-case letters, digits and "-", such as docs; berth collections lists what there is`,
    );
  }
}
