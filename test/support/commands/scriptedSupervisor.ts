import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import {
  type RunnerMessage,
  runnerMessageSchema,
  type SupervisorMessage,
} from '../../../workers/commands/protocol.ts';

/** A supervisor's socket that does what a test says: what it answers, when it is away. */
export interface ScriptedSupervisor {
  readonly heard: RunnerMessage['type'][];
  /** To all runners that are connected. */
  say(message: SupervisorMessage): void;
  /** Resolves when a message of the type has come, now or earlier. */
  hears(type: RunnerMessage['type']): Promise<void>;
  /** Closes every connection and listens no more. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
}

export async function startScriptedSupervisor(
  path: string,
  answer: (message: RunnerMessage) => SupervisorMessage,
): Promise<ScriptedSupervisor> {
  const heard: RunnerMessage['type'][] = [];
  const waiting: { type: RunnerMessage['type']; resolve(): void }[] = [];
  const sockets = new Set<Socket>();
  const send = (socket: Socket, message: SupervisorMessage) =>
    socket.write(`${JSON.stringify(message)}\n`);
  let server: Server;

  const serve = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    createInterface({ input: socket }).on('line', (line) => {
      const message = runnerMessageSchema.parse(JSON.parse(line));
      heard.push(message.type);
      for (const one of waiting) if (one.type === message.type) one.resolve();
      send(socket, answer(message));
    });
  };
  const listen = async (): Promise<void> => {
    await rm(path, { force: true });
    server = createServer(serve).listen(path);
    await once(server, 'listening');
  };

  await listen();
  return {
    heard,
    say: (message) => {
      for (const socket of sockets) send(socket, message);
    },
    hears: (type) =>
      heard.includes(type)
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ type, resolve })),
    async goAway() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    comeBack: listen,
  };
}
