import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { ArtifactStore } from '../../activities/artifacts/store/artifactStore.ts';

/**
 * What every driver of the artifact store must do; the rest of Berth relies on no more than this.
 * @param open makes an empty store, and a second handle on the same one, as another process has it
 */
export function artifactStoreConformance(
  name: string,
  open: () => Promise<{ store: ArtifactStore; other: ArtifactStore }>,
): void {
  describe(`artifact store: ${name}`, () => {
    let store: ArtifactStore;
    let other: ArtifactStore;
    beforeEach(async () => {
      ({ store, other } = await open());
    });

    const artifactId = 'a'.repeat(32);
    const key = { name: 'acme/mini', tag: 'latest' };

    async function blobFolder(blobs: Record<string, Buffer>): Promise<string> {
      const parent = await mkdtemp(join(tmpdir(), 'berth-conformance-'));
      onTestFinished(() => rm(parent, { recursive: true }));
      const folder = join(parent, 'blobs');
      await mkdir(folder);
      for (const [blob, bytes] of Object.entries(blobs)) await writeFile(join(folder, blob), bytes);
      return folder;
    }

    describe.each(['manifests', 'wraps'] as const)('%s', (kind) => {
      test('come back byte for byte, for every reader', async () => {
        const bytes = randomBytes(1000);
        await store[kind].put('key', bytes);
        expect(await other[kind].get('key')).toEqual(bytes);
        expect(await other[kind].list()).toEqual(['key']);
      });

      test('are absent before they are written and after they are removed', async () => {
        expect(await store[kind].get('key')).toBeUndefined();
        expect(await store[kind].list()).toEqual([]);
        await store[kind].put('key', Buffer.from('1'));
        await store[kind].put('key', Buffer.from('2'));
        expect(await store[kind].get('key')).toEqual(Buffer.from('2'));
        await store[kind].remove('key');
        await store[kind].remove('key');
        expect(await other[kind].get('key')).toBeUndefined();
      });
    });

    test('a tag is written only over the version that was expected', async () => {
      expect(await store.tags.get(key)).toBeUndefined();
      expect(await store.tags.swap(key, Buffer.from('1'), null)).toBe(true);
      expect(await store.tags.swap(key, Buffer.from('x'), null)).toBe(false);
      const first = await other.tags.get(key);
      expect(first?.bytes).toEqual(Buffer.from('1'));
      expect(await other.tags.swap(key, Buffer.from('2'), first?.version ?? '')).toBe(true);
      expect(await store.tags.swap(key, Buffer.from('3'), first?.version ?? '')).toBe(false);
      expect((await store.tags.get(key))?.bytes).toEqual(Buffer.from('2'));
    });

    test('of many that swap at once, one wins', async () => {
      const swaps = Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? store : other).tags.swap(key, Buffer.from(`${i}`), null),
      );
      const won = await Promise.all(swaps);
      expect(won.filter(Boolean)).toHaveLength(1);
      const bytes = (await store.tags.get(key))?.bytes.toString();
      expect(bytes).toBe(String(won.indexOf(true)));
    });

    test('tags of names with and without a slash are listed and removed one by one', async () => {
      const keys = [
        { name: 'acme', tag: 'v1' },
        { name: 'acme/mini', tag: 'v1' },
        { name: 'acme/mini', tag: 'v2' },
        { name: 'zeta', tag: 'latest' },
      ];
      for (const each of keys) await store.tags.swap(each, Buffer.from('1'), null);
      const list = async () =>
        (await other.tags.list()).map((each) => `${each.name}:${each.tag}`).sort();
      expect(await list()).toEqual(['acme/mini:v1', 'acme/mini:v2', 'acme:v1', 'zeta:latest']);
      await store.tags.remove({ name: 'acme/mini', tag: 'v1' });
      await store.tags.remove({ name: 'acme/mini', tag: 'v1' });
      expect(await list()).toEqual(['acme/mini:v2', 'acme:v1', 'zeta:latest']);
    });

    test('blobs are taken over whole, once, and can be read', async () => {
      const blobs = { b1: randomBytes(100), b2: randomBytes(200) };
      const folder = await blobFolder(blobs);
      await store.blobs.adopt(artifactId, folder);
      await store.blobs.adopt(artifactId, folder);
      expect(await other.blobs.list(artifactId)).toEqual([
        { blob: 'b1', bytes: 100 },
        { blob: 'b2', bytes: 200 },
      ]);
      expect(await readFile(other.blobs.locate(artifactId, 'b2'))).toEqual(blobs.b2);
      expect(await other.blobs.artifacts()).toEqual([artifactId]);
    });

    test('adopting a folder that is gone and was never adopted is an error', async () => {
      await expect(store.blobs.adopt(artifactId, '/nowhere/blobs')).rejects.toThrow();
    });

    test('removing blobs says how much was freed, and may be repeated', async () => {
      await store.blobs.adopt(artifactId, await blobFolder({ b1: randomBytes(100) }));
      expect(await store.blobs.remove(artifactId)).toBe(100);
      expect(await store.blobs.remove(artifactId)).toBe(0);
      expect(await other.blobs.artifacts()).toEqual([]);
      expect(await other.blobs.list(artifactId)).toEqual([]);
    });

    test('the lock lets one run at a time, also after one that failed', async () => {
      let running = 0;
      let most = 0;
      const turn = async (each: ArtifactStore, fail: boolean) =>
        each.withLock(async (lock) => {
          running += 1;
          most = Math.max(most, running);
          await new Promise(setImmediate);
          lock.assertHeld();
          running -= 1;
          if (fail) throw new Error('failed inside');
        });
      const turns = [turn(store, true), turn(other, false), turn(store, false), turn(other, true)];
      const ended = await Promise.allSettled(turns);
      expect(ended.map(({ status }) => status)).toEqual([
        'rejected',
        'fulfilled',
        'fulfilled',
        'rejected',
      ]);
      expect(most).toBe(1);
    });
  });
}
