import { expect, test } from 'vitest';
import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import { readConfig } from '../../../activities/platform/config.ts';
import { poolsOf } from '../../../workers/pool/poolsOf.ts';

const pools = (BERTH_POOL?: string) => readConfig({ BERTH_POOL }).pools;

test('a host lends all its devices from one pool, or divides them', () => {
  expect(pools()).toEqual([{ name: 'default', labels: null }]);
  expect(pools('')).toEqual([{ name: 'default', labels: null }]);
  expect(pools('research')).toEqual([{ name: 'research', labels: null }]);
  expect(pools('a=cuda0,cuda1;b')).toEqual([
    { name: 'a', labels: ['cuda0', 'cuda1'] },
    { name: 'b', labels: null },
  ]);
});

test.each([
  ['Research', /^BERTH_POOL=Research: pool name "Research"/],
  ['a=cuda0;', /pool name ""/],
  ['a=', /devices of pool a/],
  ['a=x;b=x', /x is named twice/],
  ['a=x;a=y', /a is named twice/],
  ['a;b', /the rest of the devices is named twice/],
])('BERTH_POOL=%s is refused in one line', (text, message) => {
  expect(() => pools(text)).toThrow(message);
});

test('times for tests are checked, too', () => {
  expect(readConfig({ BERTH_POOL_TIMES: '{"heartbeatMs":500}' }).poolTimes).toEqual({
    heartbeatMs: 500,
  });
  expect(readConfig({}).poolTimes).toEqual({});
  expect(() => readConfig({ BERTH_POOL_TIMES: 'fast' })).toThrow(/expected JSON/);
  expect(() => readConfig({ BERTH_POOL_TIMES: '{"heartbeatMs":-1}' })).toThrow(/heartbeatMs: /);
  expect(() => readConfig({ BERTH_POOL_TIMES: '{"beat":1}' })).toThrow(/"beat"/);
});

test('each device goes to one pool; what is missing on either side is told', () => {
  const [a, b, c] = ['cpu0', 'cpu1', 'cpu2'].map((label) => ({ label }) as DeviceRecord);
  const devices = [a, b, c] as DeviceRecord[];
  expect(poolsOf(devices, pools('x=cpu1,cuda7;rest'))).toEqual({
    pools: [
      { name: 'x', devices: [b] },
      { name: 'rest', devices: [a, c] },
    ],
    unknown: ['cuda7'],
    unlent: [],
  });
  expect(poolsOf(devices, pools('x=cpu1;gone=cuda7'))).toMatchObject({
    pools: [{ name: 'x' }],
    unlent: ['cpu0', 'cpu2'],
  });
});
