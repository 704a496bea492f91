/**
 * Retires and admits epochs of a fence as fast as it can, from dist/, until it is killed:
 * `fenceWriter.mjs <home> <deviceId> <firstEpoch> <step>`. Says each epoch once it is retired.
 */
const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url));
const { createPaths } = await load('activities/platform/paths.js');
const { openDeviceFence } = await load('workers/devices/openDeviceFence.js');

const [home, deviceId, first, step] = process.argv.slice(2);
const fence = openDeviceFence(createPaths(home, `${home}/shm`), deviceId);
const base = { taskQueue: 'q', hostId: 'h', milli: 500, memoryMib: 0 };
for (let epoch = Number(first); ; epoch += Number(step)) {
  const { liveEpochs } = await fence.state();
  const devices = [{ ...base, deviceId, epoch, liveEpochs: [...liveEpochs, epoch] }];
  const lease = { leaseId: `l${epoch}`, pool: 'p', team: 't', expiresAt: Date.now() + 60_000 };
  await fence.admit({ ...lease, devices }).catch((error) => {
    if (error.type !== 'LeaseFenced') throw error;
  });
  await fence.retireEpoch(epoch);
  process.send?.(epoch);
}
