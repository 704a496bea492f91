import type { Socket } from 'node:net';
import pLimit from 'p-limit';
import type { Logger } from '../../activities/platform/logging.ts';
import { BerthError, berthError } from '../../workflows/contracts/errors.ts';
import { type Command, finishedReason } from './command.ts';
import type { Commands } from './commands.ts';
import type { Holds } from './holds.ts';
import { createLineReader } from './lineReader.ts';
import { type RunnerMessage, runnerMessageSchema, type SupervisorMessage } from './protocol.ts';

/** A gang of a thousand devices fits. */
const maxLine = 1_000_000;
/** What a command left behind when it ended by itself has so long to end, ms. */
const leftoverMs = 5_000;

export interface RunnerDeps {
  commands: Commands;
  holds: Holds;
  graceMs: number;
  logger: Logger;
}

/** Serves one runner: its connection stands for its life. */
export function serveRunner(
  socket: Socket,
  { commands, holds, graceMs, logger }: RunnerDeps,
): void {
  // A message is answered before the next one is looked at.
  const inTurn = pLimit(1);
  const mine = new Set<Command>();

  const say = (message: SupervisorMessage): void => {
    if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
  };
  const fail = (error: unknown): void => {
    const { type, message } =
      error instanceof BerthError ? error : berthError('Unexpected', String(error));
    if (type === 'Unexpected') logger.error({ error: message }, 'a runner was refused');
    say({ type: 'error', failure: type, message: message.split('\n')[0] ?? '' });
  };
  const own = (command: Command): void => {
    mine.add(command);
    command.listener = say;
  };

  async function prepare(message: Extract<RunnerMessage, { type: 'prepare' }>): Promise<void> {
    const command = await commands.create(message);
    own(command);
    try {
      const prepared = await command.prepare();
      const { leaseFile } = command.record;
      const env = { ...prepared.env, BERTH_LEASE: leaseFile };
      say({ type: 'prepared', ...prepared, env, leaseFile });
    } catch (error) {
      await commands.end(command, { reason: finishedReason, message: 'it was not started' }, 0);
      throw error;
    }
  }

  function find(leaseId: string): Command {
    const command = commands.find(leaseId);
    if (command !== undefined) return command;
    throw berthError('LeaseFenced', `lease ${leaseId}: no command runs under it on this host`);
  }

  async function hear(message: RunnerMessage): Promise<void> {
    if (message.type === 'hold') {
      const { pool, requestId } = message;
      await holds.keep({ pool, requestId }, socket);
      return say({ type: 'held' });
    }
    if (message.type === 'done') {
      await holds.done(message.requestId);
      return say({ type: 'done' });
    }
    if (message.type === 'prepare') return prepare(message);
    const { leaseId } = message;
    if (message.type === 'start') {
      await find(leaseId).start(message.pgid, message.startTime);
      return say({ type: 'started' });
    }
    if (message.type === 'resume') {
      const command = find(leaseId);
      own(command);
      say({ type: 'started' });
      // Said while nobody listened.
      if (command.ending) say({ type: 'killed', ...command.ending });
      return;
    }
    const command = commands.find(leaseId);
    if (command === undefined && !commands.hasEnded(leaseId)) find(leaseId);
    if (command !== undefined) {
      const code = `exit code ${message.exitCode}`;
      const forMs = Math.min(leftoverMs, graceMs);
      await commands.end(command, { reason: finishedReason, message: code }, forMs);
    }
    say({ type: 'cleared' });
  }

  const read = createLineReader(maxLine, (line) => {
    void inTurn(async () => {
      try {
        await hear(parse(line));
      } catch (error) {
        fail(error);
      }
    });
  });
  socket.on('data', (chunk) => {
    if (read(chunk)) return;
    fail(berthError('InvalidRequest', `a message exceeds ${maxLine} characters`));
    socket.end();
  });
  socket.on('error', () => socket.destroy());
  socket.once('close', () => {
    // What is being prepared is not forgotten.
    void inTurn(async () => {
      holds.lost(socket);
      for (const command of mine) {
        if (command.listener !== say) continue;
        command.listener = undefined;
        if (commands.find(command.leaseId) === command) commands.orphaned(command);
      }
    });
  });
}

function parse(line: string): RunnerMessage {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw berthError('InvalidRequest', 'a message is not JSON');
  }
  const parsed = runnerMessageSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw berthError('InvalidRequest', `message: ${issue?.path.join('.')}: ${issue?.message}`);
}
