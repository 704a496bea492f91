import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** One fault, of the requests that it matches. */
export interface Fault {
  /** Of the request; default any. */
  method?: string;
  path: RegExp;
  /** Which of the matching requests since it was set, from 1; default all. */
  when?: (number: number) => boolean;
  /** What reaches the store; default `whole`. A function: another body in place of its own. */
  forward?: 'whole' | 'nothing' | ((body: Buffer) => Buffer);
  /** What the client gets in place of the store's answer: nothing for ever, or a broken connection. */
  answer: Answer | 'hang' | 'drop';
}

/** Stands before a real HTTP server and does to its clients what networks and busy servers do. */
export interface FaultProxy {
  url: string;
  /** Replaces the faults; each counts its requests from now on. */
  set(...faults: Fault[]): void;
  /** Times that any of the present faults struck. */
  readonly struck: number;
  /** Nobody listens, and every connection breaks. */
  down(): Promise<void>;
  /** Again at the same address. */
  up(): Promise<void>;
  stop(): Promise<void>;
}

/** @param target `http://host:port` of the real server */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const sockets = new Set<Socket>();
  let faults: { fault: Fault; seen: number }[] = [];
  let struck = 0;

  const forward = async (incoming: IncomingMessage, body: Buffer): Promise<Whole> => {
    const { method, url: path, headers } = incoming;
    const { 'transfer-encoding': _, ...kept } = headers;
    const outgoing = request({
      ...{ hostname, port, agent, method, path },
      headers: { ...kept, 'content-length': String(body.length) },
    });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { statusCode = 502, headers: answered } = response;
    return { status: statusCode, headers: answered, body: await buffer(response) };
  };

  const strike = (incoming: IncomingMessage): Fault | undefined => {
    for (const one of faults) {
      const { method = incoming.method, path, when = () => true } = one.fault;
      if (method !== incoming.method || !path.test(incoming.url ?? '')) continue;
      one.seen += 1;
      if (!when(one.seen)) continue;
      struck += 1;
      return one.fault;
    }
    return undefined;
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body = await buffer(incoming);
    const fault = strike(incoming);
    if (fault === undefined) return send(outgoing, await forward(incoming, body));
    const { forward: how = 'whole', answer } = fault;
    if (how !== 'nothing') await forward(incoming, how === 'whole' ? body : how(body));
    if (answer === 'drop') incoming.socket.destroy();
    else if (answer !== 'hang') send(outgoing, { headers: {}, ...answer });
  };

  const server = createServer((incoming, outgoing) => {
    // The store is gone, or the client: either way nobody is left to answer to.
    handle(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  const listen = async (at: number) => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const own = await listen(0);

  const down = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${own}`,
    get struck() {
      return struck;
    },
    set(...next) {
      faults = next.map((fault) => ({ fault, seen: 0 }));
      struck = 0;
    },
    down,
    async up() {
      await listen(own);
    },
    async stop() {
      await down();
      agent.destroy();
    },
  };
}

interface Whole {
  status: number;
  headers: IncomingHttpHeaders;
  body?: Buffer | string;
}

function send(outgoing: ServerResponse, { status, headers, body = '' }: Whole): void {
  const { 'transfer-encoding': _, connection: __, ...kept } = headers;
  outgoing.writeHead(status, { ...kept, 'content-length': String(Buffer.byteLength(body)) });
  outgoing.end(body);
}
