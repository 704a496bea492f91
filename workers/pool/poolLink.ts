import type { Logger } from '../../activities/platform/logging.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { HostReport, PoolDevice } from '../../workflows/contracts/pool/devices.ts';
import type { HostLease, HostView, PoolConfig } from '../../workflows/contracts/pool/messages.ts';
import { createDeadlines, type Deadlines } from './deadlines.ts';
import { createEndings, leaseOver } from './endings.ts';
import { type Epoch, epochKey } from './epochKey.ts';
import { createHolderWatch } from './holderWatch.ts';
import type { Ending, HostWork } from './hostWork.ts';
import type { PoolServer } from './poolServer.ts';
import { pause, retrying } from './retrying.ts';

export interface PoolLinkDeps {
  pool: string;
  hostId: string;
  /** Random, new with each start of the supervisor. */
  generation: string;
  devices: PoolDevice[];
  resources: { cpuMilli: number; memoryMib: number };
  config: PoolConfig;
  server: PoolServer;
  work: HostWork;
  logger: Logger;
  /** Milliseconds, monotonic. */
  clock?(): number;
  /** Silence of the pool after which it is looked whether it can go on at all, ms. */
  wedgedMs?: number;
  /** What drains waits no longer for a server that is away, or for what does not end, ms. */
  patienceMs?: number;
}

export interface PoolLink {
  readonly pool: string;
  readonly deadlines: Deadlines;
  readonly server: PoolServer;
  start(): void;
  /**
   * Asks the pool for a lease of this host, now; undefined when it does not hold it.
   * @throws BerthError StackUnavailable when it does not answer
   */
  find(leaseId: string): Promise<HostLease | undefined>;
  /** Reports that the host is going down: nothing new is granted here. */
  drain(): Promise<void>;
  /** A last report, and no more; the pool continues as new. */
  stop(): Promise<void>;
}

const unknownLease: Ending = { reason: 'over', message: 'the pool knows no such lease' };
const leaseExpired: Ending = { reason: 'expired', message: 'its lease has expired' };

const viewMs = 2_000;
const defaultWedgedMs = 60_000;
/** How exactly local deadlines are kept, ms. */
const deadlineMs = 200;

/** Keeps one pool and this host in step: reports, views, and what follows from them. */
export function createPoolLink(deps: PoolLinkDeps): PoolLink {
  const { pool, hostId, generation, config, server, work, logger, patienceMs = 5_000 } = deps;
  const clock = deps.clock ?? (() => performance.now());
  const deadlines = createDeadlines({ generation, clock, now: Date.now });
  const endings = createEndings({ hostId, work, server, logger });
  const holders = createHolderWatch({
    server,
    everyMs: Math.min(20_000, config.heartbeatMs),
    clock,
    logger,
  });
  const own = new Set(deps.devices.map(({ deviceId }) => deviceId));
  const ours = (epochs: readonly Epoch[]) => epochs.filter(({ deviceId }) => own.has(deviceId));
  const stopped = new AbortController();
  let sequence = 0;
  let draining = false;
  let running: Promise<unknown> | undefined;
  let away = false;
  let lookedAt = Number.NEGATIVE_INFINITY;
  let answeredAt = clock();

  const unanswered = (error: unknown): void => {
    if (!away && !stopped.signal.aborted) {
      logger.warn({ pool, error: briefly(error) }, 'the pool does not answer');
    }
    away = true;
  };

  async function report(): Promise<void> {
    const { deviceIds, epochs } = { deviceIds: [...own], epochs: await work.epochs() };
    const working = ours(work.working());
    sequence += 1;
    const message: HostReport = {
      hostId,
      generation,
      sequence,
      ...deps.resources,
      devices: deps.devices,
      working,
      epochs: Object.fromEntries(deviceIds.map((id) => [id, epochs[id] ?? 0])),
      draining,
    };
    deadlines.reporting(sequence, working);
    await server.report(message);
    if (away) logger.info({ pool }, 'the pool answers again');
    away = false;
  }

  async function look(): Promise<HostView> {
    // Before asking: what is live by then and missing from the answer is over.
    const live = ours(await work.live());
    const askedAt = clock();
    const view = await server.view(hostId);
    answeredAt = clock();
    // An answer that was overtaken by a later question's would bring back what is over.
    if (askedAt > lookedAt) {
      lookedAt = askedAt;
      act(view, live, askedAt);
      holders.look(view);
    }
    return view;
  }

  function act(view: HostView, live: readonly Epoch[], askedAt: number): void {
    const cleared = new Set(view.clearing.map(epochKey));
    for (const { leaseId, epochs } of deadlines.look(view, askedAt)) {
      const forgotten = ours(epochs).filter((epoch) => !cleared.has(epochKey(epoch)));
      endings.end({ leaseId, epochs: forgotten }, leaseOver);
    }
    for (const lease of view.leases) {
      if (lease.revoking !== null) work.revoke(lease);
      const left = deadlines.remaining(lease.leaseId);
      if (left !== undefined) work.renewed(lease.leaseId, Date.now() + left);
    }
    const named = new Set([
      ...view.leases.flatMap(({ devices }) => devices.map(epochKey)),
      ...view.clearing.map(epochKey),
    ]);
    for (const epoch of live) {
      if (named.has(epochKey(epoch))) continue;
      endings.end({ leaseId: null, epochs: [epoch] }, unknownLease);
    }
    endings.clear(view);
  }

  /** A pool that another version of its code has run may be one that this version cannot replay. */
  async function recoverIfWedged(): Promise<void> {
    if (clock() - answeredAt < (deps.wedgedMs ?? defaultWedgedMs)) return;
    answeredAt = clock();
    const recovered = await server.recover();
    if (recovered === undefined) return;
    logger.error(
      { pool, ...recovered },
      'the pool could not go on: another version of Berth has run it; started anew with its leases, requests and teams',
    );
    await report();
  }

  function checkDeadlines(): void {
    for (const { leaseId, epochs } of deadlines.takeOverdue()) {
      logger.warn({ pool, leaseId }, 'a lease has expired here');
      endings.end({ leaseId, epochs: ours(epochs) }, leaseExpired);
    }
  }

  async function everySoOften(ms: number, run: () => Promise<void>): Promise<void> {
    const { signal } = stopped;
    while (!signal.aborted) {
      await run();
      await pause(ms, signal);
    }
  }

  /** The first report starts the pool; before it there is nothing to look at. */
  async function keepInStep(): Promise<void> {
    const { signal } = stopped;
    const { heartbeatMs } = config;
    await retrying(report, signal, unanswered);
    await Promise.all([
      everySoOften(Math.min(viewMs, heartbeatMs), async () => {
        await look().catch(unanswered);
        await recoverIfWedged().catch(unanswered);
      }),
      pause(heartbeatMs, signal).then(() =>
        everySoOften(heartbeatMs, () => retrying(report, signal, unanswered)),
      ),
    ]);
  }

  return {
    pool,
    deadlines,
    server,
    start() {
      const keepDeadlines = everySoOften(deadlineMs, async () => checkDeadlines());
      running = Promise.all([keepInStep(), keepDeadlines]);
    },
    async find(leaseId) {
      const view = await look().catch((error) => {
        throw berthError(
          'StackUnavailable',
          `pool ${pool} does not answer (${briefly(error)}); try again in a moment`,
        );
      });
      return view.leases.find((lease) => lease.leaseId === leaseId);
    },
    async drain() {
      draining = true;
      await soon(report, unanswered, patienceMs);
    },
    async stop() {
      stopped.abort();
      await running;
      await soon(endings.settled, unanswered, patienceMs);
      await soon(report, unanswered, patienceMs);
      // Another version of the pool's code may be the next to run it, and would replay all of it.
      await soon((signal) => server.handOver(signal), unanswered, patienceMs);
    },
  };
}

async function soon(
  run: (signal: AbortSignal) => Promise<void>,
  onFailure: (error: unknown) => void,
  patienceMs: number,
): Promise<void> {
  const over = new AbortController();
  const late = pause(patienceMs, over.signal);
  await Promise.race([retrying(() => run(over.signal), over.signal, onFailure), late]);
  over.abort();
}

function briefly(error: unknown): string {
  const message = error instanceof Error ? (error.cause ?? error) : error;
  return String(message instanceof Error ? message.message : message).split('\n')[0] ?? '';
}
