import type { Logger } from '../../activities/platform/logging.ts';
import type { PoolDescription } from '../../workflows/contracts/pool/description.ts';
import type { PoolClient } from '../client/pool/poolClient.ts';
import { pause } from '../pool/retrying.ts';
import {
  decideScale,
  type Hysteresis,
  remember,
  type ScaleBounds,
  type ScaleLook,
  usualHysteresis,
} from './decideScale.ts';
import type { Scaler } from './scaler.ts';
import { waitingForDevices, wantedMilli } from './waitingForDevices.ts';

export interface RunScalingDeps {
  scaler: Scaler;
  pool: Pick<PoolClient, 'describe' | 'whatIf'>;
  /** Devices expected to be wanted in this hour or the next; null when nothing is known. */
  forecast(): Promise<number | null>;
  bounds: ScaleBounds;
  /** The first look goes down to what is wanted without waiting: what is there was just started. */
  startLow?: boolean;
  hysteresis?: Hysteresis;
  everyMs?: number;
  /** Devices asked for are counted as there for so long, so that they are not asked for twice. */
  arrivalMs?: number;
  logger: Logger;
}

/** Looks at the pool every few seconds and scales. Resolves when `signal` aborts. */
export async function runScaling(deps: RunScalingDeps, signal: AbortSignal): Promise<void> {
  const { scaler, pool, bounds, hysteresis = usualHysteresis, logger } = deps;
  const { everyMs = 10_000, arrivalMs = 5 * 60_000 } = deps;
  let history: ScaleLook[] = [];
  let asked: { count: number; until: number } | undefined;
  let failing = false;

  async function look(): Promise<void> {
    const description = await pool.describe();
    // This host has not reported yet; an empty pool is a command's to fill.
    if (description.devices.length === 0 && deps.startLow === true) return;
    const now = description.at;
    const there = await scaler.current();
    if (asked !== undefined && (now > asked.until || there >= asked.count)) asked = undefined;
    const current = Math.max(there, asked?.count ?? 0);
    const wanted = wantedMilli(description);
    const first = history.length === 0;
    history = remember(history, { at: now, wantedMilli: wanted }, hysteresis);
    const queue = waitingForDevices(description, await startable(description));
    const onTheWay = 1000 * (current - there);
    const forecast = await deps.forecast();
    const decision = decideScale({
      ...{ now, current, history, bounds, hysteresis, forecast },
      queue: { ...queue, waitingMilli: Math.max(0, queue.waitingMilli - onTheWay) },
    });
    const low = atStart(Math.max(wanted / 1000, forecast ?? 0));
    const count = first && deps.startLow === true ? Math.min(decision.count, low) : decision.count;
    if (count !== current) {
      logger.info({ scaler: scaler.name, from: current, to: count, why: decision.reason }, 'scale');
    }
    if (count > there) asked ??= { count, until: now + arrivalMs };
    if (asked !== undefined) asked.count = Math.max(asked.count, count);
    await scaler.scaleTo(count);
  }

  const atStart = (devices: number): number =>
    Math.min(bounds.max, Math.max(bounds.min, Math.ceil(devices)));

  /** Quotas, limits and the like let some wait whatever devices there are. */
  async function startable(description: PoolDescription): Promise<Set<string> | null> {
    const like = description.devices[0];
    if (description.queue.length === 0 || like === undefined) return null;
    try {
      const addDevices = { like: like.deviceId, count: bounds.max };
      return new Set((await pool.whatIf({ addDevices })).started);
    } catch (error) {
      logger.debug({ error: String(error) }, 'the pool does not say who would start');
      return null;
    }
  }

  while (!signal.aborted) {
    try {
      await look();
      failing = false;
    } catch (error) {
      if (!failing) logger.warn({ scaler: scaler.name, error: String(error) }, 'cannot scale now');
      failing = true;
    }
    await pause(everyMs, signal);
  }
}
