import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openWeaviateStore } from '../../../activities/stores/drivers/weaviateStore.ts';
import { samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';
import {
  buildTimeout,
  findWeaviate,
  startWeaviate,
  type WeaviateServer,
} from '../../support/stores/weaviateServer.ts';

const missing = findWeaviate();
if (missing === null) lostAnswerTests();
else test('Weaviate’s answer gets lost', ({ skip }) => skip(missing));

/** The connection breaks when the server answers a batch: it is stored, and nobody was told. */
function lostAnswerTests(): void {
  let server: WeaviateServer;
  let proxy: LossyProxy;
  let folder: string;
  const open = () =>
    openWeaviateStore({
      url: server.url.replace(/grpc=\d+/, `grpc=${proxy.port}`),
      stackUrl: null,
      env: { WEAVIATE_API_KEY: server.apiKey },
      folder,
    });
  beforeAll(async () => {
    server = await startWeaviate();
    const grpcPort = new URL(server.url).searchParams.get('grpc');
    proxy = await startLossyProxy(Number(grpcPort));
    folder = await mkdtemp(join(tmpdir(), 'berth-weaviate-doubts-'));
  }, buildTimeout);
  afterAll(async () => {
    await proxy?.close();
    await server?.stop();
    if (folder) await rm(folder, { recursive: true });
  });

  test('the batch is sent once, and no digest says that it is there', async () => {
    const store = await open();
    await store.createCollection('once-v1', sampleSpec('once', 8));
    const points = samplePoints(3, 8);
    const ids = points.map(({ id }) => id);
    proxy.loseAnswer();
    await expect(store.upsert('once-v1', points)).rejects.toMatchObject({
      type: 'StoreUnavailable',
    });
    const doubtful = await eventually(() => store.readPoints('once-v1', ids, { vectors: false }));
    expect(doubtful.map(({ recordDigest }) => recordDigest)).toEqual(['', '', '']);
    await store.deletePoints('once-v1', ids.slice(0, 1));
    await store.upsert('once-v1', points.slice(0, 2));
    const digests = new Map<string, string>();
    for await (const page of store.scan('once-v1', { vectors: false })) {
      for (const { id, recordDigest } of page) digests.set(id, recordDigest);
    }
    const expected = points.map(({ id, recordDigest }, at) => [id, at < 2 ? recordDigest : '']);
    expect(Object.fromEntries(digests)).toEqual(Object.fromEntries(expected));
    await store.close();
  });

  test('server and worker are killed, and another worker writes it again: it is all searchable', async () => {
    const points = samplePoints(40, 8);
    const killed = await open();
    await killed.createCollection('both-v1', sampleSpec('both', 8));
    proxy.loseAnswer();
    await expect(killed.upsert('both-v1', points)).rejects.toMatchObject({
      type: 'StoreUnavailable',
    });
    await server.kill();
    await killed.close();
    await server.restart();

    const store = await open();
    await eventually(() => store.upsert('both-v1', points));
    expect(await store.count('both-v1')).toBe(points.length);
    for (const { id, vector } of points) {
      const [hit] = await store.search('both-v1', { vector, limit: 1 });
      expect(hit?.point.id).toBe(id);
    }
    await store.close();
  });
}

/** The client waits before it connects again, and fails until then. */
async function eventually<T>(call: () => Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  const attempt = async () => {
    result = await call().then(
      (value) => ({ value }),
      () => undefined,
    );
    return result !== undefined;
  };
  await expect.poll(attempt, { timeout: 10_000 }).toBe(true);
  return (result as { value: T } | undefined)?.value as T;
}

interface LossyProxy {
  port: number;
  /** Breaks the connection at the first answer to a request of some size. */
  loseAnswer(): void;
  close(): Promise<void>;
}

/** Longer than what opens a connection, shorter than a batch. */
const requestBytes = 800;

async function startLossyProxy(target: number): Promise<LossyProxy> {
  let losing = false;
  const open = new Set<{ destroy(): void }>();
  const proxy: Server = createServer((client) => {
    const upstream = connect(target, '127.0.0.1');
    const both = [client, upstream];
    const end = () => {
      for (const socket of both) socket.destroy();
    };
    let sent = 0;
    client.on('data', (bytes) => {
      sent += losing ? bytes.length : 0;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (!losing || sent < requestBytes || !hasData(bytes)) return void client.write(bytes);
      losing = false;
      end();
    });
    for (const socket of both) {
      open.add(socket);
      socket.on('close', end).on('error', end);
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return {
    port: (proxy.address() as AddressInfo).port,
    loseAnswer() {
      losing = true;
    },
    async close() {
      for (const socket of open) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

/** Whether it begins frames of HTTP/2 of which one is HEADERS or DATA: the server has answered. */
function hasData(bytes: Buffer): boolean {
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) {
    const type = bytes[at + 3];
    if (type === 0 || type === 1) return true;
  }
  return false;
}
