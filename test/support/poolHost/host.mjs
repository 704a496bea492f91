/**
 * The supervisor's lending, from dist/, in a process of its own and without workers, so that it can be
 * killed and started again: `host.mjs`, with HOST_ID, TEMPORAL_ADDRESS and Berth's own variables.
 */
const dist = new URL('../../../dist/', import.meta.url);
const load = (path) => import(new URL(path, dist));
const { readConfig } = await load('activities/platform/config.js');
const { createLogger } = await load('activities/platform/logging.js');
const { createPaths } = await load('activities/platform/paths.js');
const { deviceProviders, discoverDevices } = await load('workers/devices/discoverDevices.js');
const { deviceSharings } = await load('workers/devices/sharing/deviceSharings.js');
const { startLending } = await load('workers/supervisor/lending.js');

const { env } = process;
const config = readConfig();
const paths = createPaths(config.home, config.shm);
const logger = createLogger('host', config.logLevel);
const providers = deviceProviders(env.HOST_ID, config, logger).filter(({ kind }) => kind === 'cpu');
const found = await discoverDevices(providers);
const lending = await startLending({
  config,
  paths,
  hostId: env.HOST_ID,
  devices: found.map(({ record }) => record),
  controls: new Map(),
  sharings: deviceSharings(providers, { paths, env, logger }),
  target: {
    embedded: true,
    namespace: 'berth',
    connectionOptions: { address: env.TEMPORAL_ADDRESS },
  },
  logger,
  resumeMs: Number(env.RESUME_MS ?? 20_000),
});
process.on('SIGTERM', async () => {
  await lending.drain();
  await lending.close();
  process.exit(0);
});
process.send?.({ socket: lending.commandSocket });
