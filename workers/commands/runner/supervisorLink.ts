import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type BerthError, berthError, isFailureType } from '../../../workflows/contracts/errors.ts';
import {
  type RunnerMessage,
  type SupervisorMessage,
  supervisorMessageSchema,
} from '../protocol.ts';

type Answer<T extends SupervisorMessage['type']> = Extract<SupervisorMessage, { type: T }>;

/** A connection to the supervisor's socket, as long as it lasts. */
export interface SupervisorLink {
  /**
   * Says something and waits for the answer to it.
   * @throws BerthError of the type that the supervisor names; StackUnavailable when the connection
   *   is lost
   */
  ask<T extends SupervisorMessage['type']>(message: RunnerMessage, answer: T): Promise<Answer<T>>;
  /** What the supervisor says unasked, and answers, too, in order. */
  onMessage(listener: (message: SupervisorMessage) => void): void;
  /** Resolves when the connection has ended, for whatever reason. */
  closed: Promise<void>;
  close(): void;
}

const supervisorGone = (path: string): BerthError =>
  berthError('StackUnavailable', `${path}: the supervisor does not answer; see berth status`);

/** @throws BerthError StackUnavailable when nobody listens */
export async function connectSupervisor(path: string): Promise<SupervisorLink> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
  } catch {
    socket.destroy();
    throw supervisorGone(path);
  }
  return createSupervisorLink(socket, path);
}

export function createSupervisorLink(socket: Socket, path: string): SupervisorLink {
  const listeners: ((message: SupervisorMessage) => void)[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => socket.destroy());
  createInterface({ input: socket })
    .on('line', (line) => {
      const message = readMessage(line);
      // A supervisor of another version says something that is not understood: better no link.
      if (message === undefined) socket.destroy();
      else for (const listener of [...listeners]) listener(message);
    })
    .on('error', () => undefined);
  return {
    closed,
    onMessage: (listener) => void listeners.push(listener),
    close: () => void socket.destroy(),
    ask: (message, answer) =>
      new Promise((resolve, reject) => {
        const stop = (): void => void listeners.splice(listeners.indexOf(listener), 1);
        const listener = (heard: SupervisorMessage): void => {
          if (heard.type === answer) resolve(heard as Answer<typeof answer>);
          else if (heard.type === 'error') reject(toFailure(heard));
          else return;
          stop();
        };
        listeners.push(listener);
        void closed.then(() => reject(supervisorGone(path)));
        socket.write(`${JSON.stringify(message)}\n`);
      }),
  };
}

function readMessage(line: string): SupervisorMessage | undefined {
  try {
    return supervisorMessageSchema.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

function toFailure({ failure, message }: Answer<'error'>): BerthError {
  return berthError(isFailureType(failure) ? failure : 'Unexpected', message);
}
