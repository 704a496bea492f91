import { once } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { type RunnerDeps, serveRunner } from './runnerConnection.ts';
import { placeSocket } from './socketPath.ts';

export interface CommandServer {
  /** Where runners connect; as wanted unless that is too long for a socket. */
  readonly path: string;
  /** Ends every connection; what runs under leases has been ended. */
  close(): Promise<void>;
}

/** Listens for `berth run` of the same user (mode 0600). */
export async function listenForRunners(wanted: string, deps: RunnerDeps): Promise<CommandServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serveRunner(socket, deps);
  });
  await mkdir(dirname(wanted), { recursive: true, mode: 0o700 });
  const place = await placeSocket(wanted);
  server.listen(place.path);
  await once(server, 'listening');
  await chmod(place.path, 0o600);
  return {
    path: place.path,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.end(() => socket.destroy());
      await closed;
      await place.remove();
    },
  };
}
