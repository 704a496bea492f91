import { setTimeout as delay } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { Logger } from '../../activities/platform/logging.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { retrying } from '../pool/retrying.ts';
import type { HoldRecord } from './holdRecord.ts';
import { leaseIdPattern } from './leaseId.ts';
import type { RecordStore } from './recordStore.ts';

export interface HoldsDeps {
  store: RecordStore<HoldRecord>;
  /** A runner whose connection was lost with the supervisor may come back for so long, ms. */
  resumeMs?: number;
  /** Resolves once no command of the request runs here: its end is told with what it cleared. */
  commandsEnded(requestId: string): Promise<void>;
  /** Tells the workflow that holds for the runner; one that has closed is past caring. */
  finish(record: HoldRecord): Promise<void>;
  stopped: AbortSignal;
  logger: Logger;
}

/** The `berth run`s of this host, from before they ask for a lease until they have given it back. */
export interface Holds {
  /** Takes up what an earlier supervisor left. */
  reload(): Promise<void>;
  /**
   * `connection` stands for the runner's life from now on, in place of an earlier one.
   * @throws BerthError InvalidRequest for an id that cannot name a file
   */
  keep(record: HoldRecord, connection: object): Promise<void>;
  /** The runner has told the workflow itself. */
  done(requestId: string): Promise<void>;
  /** A connection has closed: runners that it stood for are gone. */
  lost(connection: object): void;
  /** The supervisor is going: connections that close from now on say nothing of their runners. */
  close(): void;
}

interface Held {
  record: HoldRecord;
  connection: object | undefined;
}

/**
 * A runner that is killed while it waits would keep its place in the queue, and be granted devices
 * that nobody uses: the supervisor tells its workflow, also when it was away at that moment.
 */
export function createHolds(deps: HoldsDeps): Holds {
  const { store, resumeMs = 15_000, stopped, logger } = deps;
  const held = new Map<string, Held>();
  /** One change on disk at a time: a late one must not bring back, or take, another's record. */
  const inTurn = pLimit(1);
  let closed = false;

  const isGone = (one: Held): boolean =>
    held.get(one.record.requestId) === one && one.connection === undefined;

  async function abandon(one: Held): Promise<void> {
    const { requestId } = one.record;
    let told = false;
    await deps.commandsEnded(requestId);
    await retrying(
      async () => {
        if (!isGone(one)) return;
        await deps.finish(one.record);
        told = true;
      },
      stopped,
      (error) => logger.warn({ requestId, error: String(error) }, 'a hold cannot be ended yet'),
    );
    if (!told || !isGone(one)) return;
    logger.info({ requestId }, 'berth run is gone; its hold was ended');
    await forget(requestId);
  }

  function forget(requestId: string): Promise<void> {
    held.delete(requestId);
    return inTurn(async () => {
      if (!held.has(requestId)) await store.remove(requestId);
    });
  }

  const complain = (error: unknown): void =>
    logger.warn({ error: String(error) }, 'the record of a hold could not be removed');

  return {
    async reload() {
      for (const record of await store.load()) {
        const one: Held = { record, connection: undefined };
        held.set(record.requestId, one);
        void delay(resumeMs, undefined, { signal: stopped, ref: false })
          .then(() => (isGone(one) ? abandon(one) : undefined))
          .catch((error) => (stopped.aborted ? undefined : complain(error)));
      }
    },
    async keep(record, connection) {
      const { requestId } = record;
      if (!leaseIdPattern.test(requestId)) {
        const id = JSON.stringify(requestId).slice(0, 200);
        throw berthError('InvalidRequest', `request id ${id}: expected letters, digits, . _ -`);
      }
      const one: Held = { record, connection };
      held.set(requestId, one);
      await inTurn(async () => {
        if (held.get(requestId) === one) await store.save(record);
      });
    },
    done: forget,
    lost(connection) {
      if (closed) return;
      for (const one of held.values()) {
        if (one.connection !== connection) continue;
        one.connection = undefined;
        abandon(one).catch(complain);
      }
    },
    close() {
      closed = true;
    },
  };
}
