import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VectorStore } from '../../../activities/stores/vectorStore.ts';
import { samplePoint, samplePoints, sampleSpec } from '../../support/stores/samplePoints.ts';

interface Restartable {
  kill(): Promise<void>;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A store that is killed and comes back: its driver says so, loses nothing, and goes on by itself. */
export function restartTests<T extends Restartable>(
  start: () => Promise<T>,
  open: (server: T) => Promise<VectorStore>,
  timeout?: number,
): void {
  let server: T;
  let store: VectorStore;
  beforeAll(async () => {
    server = await start();
    store = await open(server);
  }, timeout);
  afterAll(async () => {
    await store?.close();
    await server?.stop();
  });

  test('what was written is there after kill -9, and the same driver goes on', async () => {
    const spec = sampleSpec('docs', 8);
    await store.createCollection('docs-v1', spec);
    await store.switchAlias('docs', 'docs-v1');
    await store.upsert('docs-v1', samplePoints(50, 8));
    await server.kill();

    const { vector, id } = samplePoint(7, 8);
    const calls: (() => Promise<unknown>)[] = [
      () => store.upsert('docs-v1', samplePoints(10, 8, 50)),
      () => store.search('docs-v1', { vector, limit: 1 }),
      () => store.count('docs-v1'),
      () => store.resolveAlias('docs'),
      () => store.deletePoints('docs-v1', [id]),
      () => open(server).then((other) => other.listCollections()),
    ];
    for (const call of calls) {
      await expect(call(), String(call)).rejects.toMatchObject({ type: 'StoreUnavailable' });
    }

    await server.restart();
    // A client may still wait before it tries to connect again.
    await expect.poll(() => store.count('docs-v1').catch(() => undefined)).toBe(50);
    expect(await store.resolveAlias('docs')).toEqual({ physical: 'docs-v1', spec });
    await store.upsert('docs-v1', samplePoints(10, 8, 50));
    expect(await store.count('docs-v1')).toBe(60);
    // Of the index, not only of the objects; also those whose first writing was cut off.
    for (const point of samplePoints(60, 8)) {
      const [hit] = await store.search('docs-v1', { vector: point.vector, limit: 1 });
      expect(hit?.point.id).toBe(point.id);
    }
  });
}
