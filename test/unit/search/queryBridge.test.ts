import { expect, test } from 'vitest';
import type { Bridge } from '../../../activities/devices/bridge.ts';
import { createQueryBridge } from '../../../activities/search/queryBridge.ts';

/** Bridges that only count their lives. */
function counted() {
  const lives = { started: 0, killed: 0 };
  let usable = false;
  const bridge = {
    get usable() {
      return usable;
    },
    kill: async () => {
      usable = false;
      lives.killed += 1;
    },
  } as Bridge;
  const start = async () => {
    lives.started += 1;
    usable = true;
    return bridge;
  };
  return { lives, start };
}

test('calls share one bridge and take turns', async () => {
  const { lives, start } = counted();
  const bridge = createQueryBridge(start);
  let running = 0;
  let most = 0;
  const call = () =>
    bridge.use(async () => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
    });
  await Promise.all([call(), call(), call()]);
  expect([most, lives.started]).toEqual([1, 1]);
  await bridge.close();
  expect(lives.killed).toBe(1);
});

test('one that failed is replaced, and nobody is served by a bridge that was ended', async () => {
  const { lives, start } = counted();
  const bridge = createQueryBridge(start);
  await expect(
    bridge.use(async (running) => {
      await running.kill();
      throw new Error('died');
    }),
  ).rejects.toThrow('died');
  expect(await bridge.use(async (running) => running.usable)).toBe(true);
  expect(lives.started).toBe(2);
  await bridge.close();
});

test('it ends when nobody has asked for a while', async () => {
  const { lives, start } = counted();
  const bridge = createQueryBridge(start, 1);
  await bridge.use(async () => undefined);
  await expect.poll(() => lives.killed).toBe(1);
  expect(await bridge.use(async (running) => running.usable)).toBe(true);
  await bridge.close();
});

test('who gives up while waiting is not served, and the next one is', async () => {
  const { lives, start } = counted();
  const bridge = createQueryBridge(start);
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = bridge.use(() => held);
  const controller = new AbortController();
  let served = false;
  const second = bridge.use(async () => {
    served = true;
  }, controller.signal);
  const third = bridge.use(async (running) => running.usable);
  controller.abort(new Error('given up'));
  release();
  await first;
  await expect(second).rejects.toThrow('given up');
  expect(await third).toBe(true);
  expect([served, lives.started]).toEqual([false, 1]);
  await bridge.close();
});
