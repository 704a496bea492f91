import { resolve } from 'node:path';
import { type BerthConfig, readConfig } from '../../activities/platform/config.ts';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import { usageLocation } from '../../activities/usage/usageLocation.ts';
import { defaultPool } from '../../workflows/contracts/pool/messages.ts';
import { createBackfillClient } from './backfill/backfillClient.ts';
import type { Berth, ConnectOptions } from './berth.ts';
import { cancelJob } from './cancelJob.ts';
import { createCatalogueReader } from './catalogueReader.ts';
import { runHostOperation } from './hostOperations.ts';
import { resolveIngest } from './ingestFiles.ts';
import { checkIngestOptions, type IngestOptions } from './ingestOptions.ts';
import { openSession } from './openSession.ts';
import { createPoolClient } from './pool/createPoolClient.ts';
import { requireRef, requireTag } from './refs.ts';
import { ensureIngestSchedule, ensureWarmSchedule } from './scheduledJobs.ts';
import { createScheduleAdministration } from './schedules.ts';
import type { Session } from './session.ts';
import { attachIngest, startIngest } from './startIngest.ts';
import { readDevices, readStatus } from './status.ts';
import { createUsageClient } from './usage/createUsageClient.ts';

/**
 * Berth of a BERTH_HOME on this host. The server is connected to when a method needs it, so the
 * catalogue can be read while no stack runs.
 * @throws BerthError InvalidRequest when a BERTH_* variable is malformed
 *
 * @example
 * const berth = await connect();
 * const job = await berth.ingest({ source: './all-MiniLM-L6-v2', name: 'minilm' });
 * const { artifact } = await job.result();
 * const { path } = await berth.warm(artifact);
 * await berth.close();
 */
export async function connect(options: ConnectOptions = {}): Promise<Berth> {
  const env = { ...(options.env ?? process.env) };
  if (options.home !== undefined) env.BERTH_HOME = options.home;
  const config = readConfig(env);
  const paths = createPaths(config.home, config.shm);
  const notify = options.onNotice ?? (() => undefined);
  const sessions = createSessionCache(() => openSession(paths, env, notify));
  return createBerth(config, paths, sessions);
}

interface SessionCache {
  open(): Promise<Session>;
  close(): Promise<void>;
}

/** One connection for all methods; after a failure the next call tries again. */
function createSessionCache(connectSession: () => Promise<Session>): SessionCache {
  let opening: Promise<Session> | undefined;
  return {
    open() {
      opening ??= connectSession().catch((error) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async close() {
      const session = await opening?.catch(() => undefined);
      opening = undefined;
      await session?.close();
    },
  };
}

function createBerth(config: BerthConfig, paths: Paths, { open, close }: SessionCache): Berth {
  const catalogue = createCatalogueReader(paths);
  const { name: ownPool } = config.pools[0] ?? { name: defaultPool };
  // Before connecting: what is wrong with a request matters more than whether a stack runs.
  const resolveOptions = async (options: IngestOptions) => ({
    ...(await resolveIngest(checkIngestOptions(options), config.sources)),
    ...(ownPool === defaultPool ? {} : { pool: ownPool }),
  });
  const { ensureBackfill, ...backfills } = createBackfillClient(open, config);
  return {
    ...backfills,
    async ingest(options) {
      const asked = await resolveOptions(options);
      const session = await open();
      return startIngest(session, { ...asked, hostId: session.hostId });
    },
    attach: async (workflowId) => attachIngest(await open(), workflowId),
    cancel: async (workflowId) => cancelJob(await open(), workflowId),

    models: () => catalogue.models(),
    async show(ref) {
      requireRef(ref);
      return catalogue.show(ref);
    },
    async verify(ref) {
      requireRef(ref);
      return runHostOperation(await open(), 'verifyModelWorkflow', { ref });
    },
    async warm(ref, { pin = false, lock = false } = {}) {
      requireRef(ref);
      return runHostOperation(await open(), 'warmModelWorkflow', { ref, pin, lock });
    },
    async evict(ref) {
      requireRef(ref);
      return runHostOperation(await open(), 'evictModelWorkflow', { ref });
    },
    async export(ref, directory) {
      requireRef(ref);
      const absolute = resolve(directory);
      return runHostOperation(await open(), 'exportModelWorkflow', { ref, directory: absolute });
    },
    async tag(ref, tag) {
      requireRef(ref);
      requireTag(tag);
      return runHostOperation(await open(), 'tagModelWorkflow', { ref, tag });
    },
    async remove(ref, { force = false } = {}) {
      requireRef(ref);
      return runHostOperation(await open(), 'removeModelWorkflow', { ref, force });
    },
    sweep: async () => runHostOperation(await open(), 'sweepStoreWorkflow', {}),

    devices: () => readDevices(paths),
    status: () => readStatus(paths, open),

    schedules: {
      ...createScheduleAdministration(open),
      ensureBackfill,
      async ensureIngest(options, settings) {
        const asked = await resolveOptions(options);
        const session = await open();
        const input = { ...asked, hostId: session.hostId };
        return ensureIngestSchedule(session, settings, input);
      },
      async ensureWarm(ref, { pin = false, lock = false }, settings) {
        requireRef(ref);
        const session = await open();
        const input = { hostId: session.hostId, ref, pin, lock };
        return ensureWarmSchedule(session, settings, input);
      },
    },
    pool: (name) => createPoolClient(open, name ?? config.pools[0]?.name),
    usage(name) {
      const pool = name ?? config.pools[0]?.name ?? defaultPool;
      return createUsageClient({
        location: usageLocation(config.usage, config.home),
        pool,
        describe: createPoolClient(open, pool).describe,
        now: Date.now,
      });
    },
    close,
  };
}
