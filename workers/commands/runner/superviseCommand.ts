import { setTimeout as delay } from 'node:timers/promises';
import { BerthError } from '../../../workflows/contracts/errors.ts';
import type { SupervisorMessage } from '../protocol.ts';
import type { LaunchedCommand } from './launcher.ts';
import type { SupervisorLink } from './supervisorLink.ts';

/** Why a command was ended against its will. */
export interface Revocation {
  reason: string;
  message: string;
}

export interface SuperviseDeps {
  leaseId: string;
  link: SupervisorLink;
  command: Pick<LaunchedCommand, 'pgid' | 'exited'>;
  /** Connects anew. @throws BerthError StackUnavailable */
  connect(): Promise<SupervisorLink>;
  /** Whether the pool says that the lease is over; false also when it cannot be asked. */
  leaseIsOver(): Promise<boolean>;
  /** When the lease ends unless the supervisor comes back to renew it, ms since the Unix epoch. */
  expiresAt(): Promise<number>;
  /** SIGTERM, grace, SIGKILL. */
  endGroup(): Promise<void>;
  /** One line for people. */
  notify(line: string): void;
  times?: SuperviseTimes;
}

export interface CommandEnd {
  exitCode: number;
  revocation: Revocation | null;
  /** The supervisor has confirmed that nothing of the lease runs any more. */
  cleared: boolean;
}

export interface SuperviseTimes {
  /** Between attempts to reach a supervisor that is away. */
  retryMs: number;
  /** For a supervisor that restarts just when the command has ended. */
  finishPatienceMs: number;
}

const usualTimes: SuperviseTimes = { retryMs: 1_000, finishPatienceMs: 10_000 };
const askPoolEvery = 5;

/**
 * Stays with a running command until it has ended and the supervisor has cleared its devices. The
 * supervisor ends it when its lease is revoked; when the supervisor is away past the lease's local
 * expiry (Gray and Cheriton, "Leases", 1989), or the pool says that the lease is over, this does.
 */
export async function superviseCommand(deps: SuperviseDeps): Promise<CommandEnd> {
  const { command, leaseId, notify, times = usualTimes } = deps;
  let revocation: Revocation | null = null;
  let link: SupervisorLink | undefined;
  let ended = false;

  const hear = (message: SupervisorMessage): void => {
    if (message.type !== 'revoking' && message.type !== 'killed') return;
    const { reason } = message;
    if (revocation === null || message.type === 'killed') notify(describe(message));
    revocation ??= { reason, message: message.message };
  };
  const revoke = async (reason: string, message: string): Promise<void> => {
    if (revocation === null) notify(`${message}; ending the command`);
    revocation ??= { reason, message };
    await deps.endGroup();
  };
  const attach = (found: SupervisorLink): void => {
    link = found;
    found.onMessage(hear);
  };
  const resume = async (): Promise<void> => {
    const found = await deps.connect();
    found.onMessage(hear);
    try {
      await found.ask({ type: 'resume', leaseId }, 'started');
      link = found;
    } catch (error) {
      found.close();
      throw error;
    }
  };

  let asking = false;
  let takenBack = false;
  /** In the background: a supervisor that is back waits only so long for this to be back, too. */
  const askPool = (): void => {
    if (asking) return;
    asking = true;
    const answer = deps.leaseIsOver().catch(() => false);
    void answer.then((isOver) => {
      takenBack = isOver;
      asking = false;
    });
  };

  /** Until the command has ended. */
  const stayConnected = async (): Promise<void> => {
    while (!ended) {
      await Promise.race([link?.closed, command.exited]);
      if (ended) return;
      link = undefined;
      if (revocation === null) {
        notify('the supervisor is away; the command runs on under its lease');
      }
      // From here on by the monotonic clock: nobody renews it.
      const expiresAt = performance.now() + (await deps.expiresAt()) - Date.now();
      for (let tries = 1; !ended && link === undefined; tries += 1) {
        await Promise.race([delay(times.retryMs), command.exited]);
        if (ended) return;
        const failure = await resume().catch((error: unknown) => error);
        if (failure === undefined) notify('the supervisor is back');
        else if (isRefusal(failure)) return revoke('expired', failure.message);
        else if (performance.now() > expiresAt) {
          return revoke('expired', 'the lease has expired and the supervisor is away');
        } else if (takenBack) return revoke('expired', 'the pool has taken the lease back');
        else if (tries % askPoolEvery === 0) askPool();
      }
    }
  };

  const finish = async (exitCode: number): Promise<boolean> => {
    const giveUpAt = performance.now() + times.finishPatienceMs;
    for (;;) {
      try {
        if (link === undefined) await resume();
        await link?.ask({ type: 'finished', leaseId, exitCode }, 'cleared');
        return true;
      } catch (error) {
        link = undefined;
        if (isRefusal(error) || performance.now() > giveUpAt) return false;
        await delay(times.retryMs);
      }
    }
  };

  attach(deps.link);
  const staying = stayConnected();
  const exitCode = await command.exited;
  ended = true;
  await staying;
  const cleared = await finish(exitCode);
  // Without the supervisor nobody else sees to what the command has left behind.
  if (!cleared) await deps.endGroup();
  (link as SupervisorLink | undefined)?.close();
  return { exitCode, revocation, cleared };
}

/** The supervisor answered, and said no: it knows no such lease any more. */
function isRefusal(error: unknown): error is BerthError {
  return error instanceof BerthError && error.type !== 'StackUnavailable';
}

function describe(message: Extract<SupervisorMessage, { type: 'revoking' | 'killed' }>): string {
  if (message.type === 'killed') return `the command was killed: ${message.message}`;
  const until = new Date(message.graceUntil).toTimeString().slice(0, 8);
  return `${message.message}; the command has until ${until} to end`;
}
