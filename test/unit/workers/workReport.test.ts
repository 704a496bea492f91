import { expect, test } from 'vitest';
import { createWorkReport } from '../../../workers/devices/workReport.ts';

function report() {
  const told: number[][] = [];
  const work = createWorkReport('d', (epochs) => told.push(epochs));
  const execute = (input: unknown, activity: () => Promise<unknown>) =>
    work.interceptor({} as never).inbound?.execute?.({ args: [input], headers: {} }, activity);
  return { told, work, execute };
}

const lease = (epoch: number) => ({ lease: { devices: [{ deviceId: 'd', epoch }] } });

test('a device is at work under an epoch while an activity or a bridge is', async () => {
  const { told, work, execute } = report();
  await execute(lease(4), async () => work.bridge(4));
  expect(told).toEqual([[4]]);
  work.bridge(null);
  expect(told).toEqual([[4], []]);
});

test('an activity that fails is over, too, and one without a lease does not count', async () => {
  const { told, execute } = report();
  await expect(execute(lease(4), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await execute({ path: 'x' }, async () => undefined);
  await execute({ lease: { devices: [{ deviceId: 'other', epoch: 1 }] } }, async () => undefined);
  expect(told).toEqual([[4], []]);
});
