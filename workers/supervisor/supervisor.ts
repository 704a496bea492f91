import { mkdir } from 'node:fs/promises';
import type { BerthConfig } from '../../activities/platform/config.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { deviceProviders } from '../devices/discoverDevices.ts';
import { deviceSharings } from '../devices/sharing/deviceSharings.ts';
import type { DeviceWorkers } from '../scaling/localScaler.ts';
import { type Scaling, startScaling } from '../scaling/startScaling.ts';
import { resolveTarget } from '../temporal/connection.ts';
import { type ClaimedDevices, claimDevices } from './claimDevices.ts';
import { createDeviceControl, type DeviceControl } from './deviceControl.ts';
import { ensureHostId } from './hostId.ts';
import { removePartialFiles } from './leftovers.ts';
import { type Lending, startLending } from './lending.ts';
import { createManagedProcess, type ManagedProcessSpec } from './managedProcess.ts';
import { openProcessLog } from './processLog.ts';
import { identifySelf } from './procfs.ts';
import { isServer, runsWorkflows, type StackEntry, statusOf } from './stackEntry.ts';
import { createStackWriter, readStackFile, type StackFile } from './stackFile.ts';
import { type StackServersDeps, startChroma, startTemporal } from './stackServers.ts';
import { createStartGate } from './startGate.ts';
import { planWorkers } from './workerPlans.ts';
import { createWorkerSpec, type WorkerPlan } from './workerProcess.ts';

export interface SupervisorDeps {
  config: BerthConfig;
  paths: Paths;
  env: NodeJS.ProcessEnv;
  logger: Logger;
  /** Told to whoever started the stack. */
  onProgress(message: string): void;
  /** Time that a process has to end by itself when the stack drains, ms. */
  graceMs?: number;
}

export type Supervisor = ReturnType<typeof createSupervisor>;

/** Runs the stack of one BERTH_HOME, whose lock the caller holds. */
export function createSupervisor(deps: SupervisorDeps) {
  const { config, paths, env, logger, onProgress, graceMs = 20_000 } = deps;
  const entries: StackEntry[] = [];
  const gate = createStartGate();
  let claimed: ClaimedDevices | undefined;
  let former: StackFile | undefined;
  const releasePorts: (() => Promise<void>)[] = [];
  let lending: Lending | undefined;
  let scaling: Scaling | undefined;
  const controls = new Map<string, DeviceControl>();
  const devicePlans = new Map<string, WorkerPlan>();
  const stack: Omit<StackFile, 'processes'> = {
    supervisor: identifySelf(),
    state: 'starting',
    hostId: '',
    startedAt: new Date().toISOString(),
    temporal: null,
    chroma: null,
    commandSocket: null,
    skippedDevices: [],
  };
  const write = createStackWriter(paths, () => ({ ...stack, processes: entries.map(statusOf) }));

  const changed = (): void => {
    gate.check();
    write().catch((error) => logger.error({ error: String(error) }, 'stack.json not written'));
  };

  async function launch(
    spec: ManagedProcessSpec,
    status: Partial<StackEntry['status']>,
  ): Promise<StackEntry> {
    const log = await openProcessLog(paths, spec.name);
    if (stack.state === 'draining' || stack.state === 'stopped') {
      await log.close();
      throw berthError('StackUnavailable', `the stack was stopped before ${spec.name} started`);
    }
    const process = createManagedProcess(spec, { log, logger, onChange: changed });
    const empty = { queue: null, metrics: null, deviceId: null, binding: null, bridge: null };
    const entry = { process, log, status: { ...empty, ...status } };
    entries.push(entry);
    process.start();
    return entry;
  }

  const serverDeps: StackServersDeps = {
    paths,
    env,
    logger,
    onProgress,
    launch: async (spec) => (await launch(spec, {})).process,
    onStatus: (part) => {
      Object.assign(stack, part);
      changed();
    },
    releaseAtEnd: (release) => releasePorts.push(release),
  };

  async function startWorker(plan: WorkerPlan): Promise<StackEntry> {
    const deviceId = plan.device?.record.deviceId ?? null;
    const status: Partial<StackEntry['status']> = {
      queue: plan.queue,
      metrics: plan.metrics,
      deviceId,
    };
    let entry: StackEntry | undefined;
    const control = deviceId === null ? undefined : controlOf(deviceId);
    const spec = createWorkerSpec(
      plan,
      { ...env, BERTH_HOME: paths.home, BERTH_SHM: paths.shm },
      (part) => {
        Object.assign(entry?.status ?? status, part);
        changed();
      },
      control?.attach,
    );
    entry = await launch(spec, status);
    return entry;
  }

  /** One a device, however often its worker is started. */
  function controlOf(deviceId: string): DeviceControl {
    const control = controls.get(deviceId) ?? createDeviceControl({ deviceId, logger });
    controls.set(deviceId, control);
    return control;
  }

  const entryOf = (deviceId: string) => entries.find(({ status }) => status.deviceId === deviceId);

  const deviceWorkers: DeviceWorkers = {
    isThere: (deviceId) => entryOf(deviceId) !== undefined,
    async start(deviceId) {
      const plan = devicePlans.get(deviceId);
      if (plan === undefined || entryOf(deviceId) !== undefined) return;
      await gate.whenRunning([(await startWorker(plan)).process]);
    },
    async stop(deviceId) {
      const entry = entryOf(deviceId);
      if (entry === undefined) return;
      await entry.process.stop(graceMs);
      entries.splice(entries.indexOf(entry), 1);
      await entry.log.close();
      changed();
    },
  };

  async function startWorkers(): Promise<void> {
    const plans = await planWorkers(stack.hostId, claimed?.devices ?? [], config.metrics);
    onProgress(`starting ${plans.length} workers`);
    // Beside the workers, which wait for it no longer than for each other.
    const started = config.chroma ? [await startChroma(serverDeps, former?.chroma?.port)] : [];
    for (const plan of plans) {
      if (plan.device) devicePlans.set(plan.device.record.deviceId, plan);
      started.push((await startWorker(plan)).process);
    }
    await gate.whenRunning(started);
  }

  return {
    /** @throws BerthError when a part does not come up; `stop` is then still due */
    async start(): Promise<void> {
      await mkdir(paths.home, { recursive: true, mode: 0o700 });
      const removed = await removePartialFiles(paths.home);
      if (removed.length > 0) logger.info({ removed }, 'removed files of interrupted writes');
      stack.hostId = await ensureHostId(paths);
      former = await readStackFile(paths).catch(() => undefined);
      claimed = await claimDevices(stack.hostId, config, paths, logger);
      stack.skippedDevices = claimed.skipped;
      const server = await startTemporal(serverDeps, former?.temporal?.ports);
      await gate.whenRunning(server);
      // Workers read the address from the file.
      await write();
      await startWorkers();
      if (stack.state !== 'starting') return;
      const providers = deviceProviders(stack.hostId, config, logger, env);
      lending = await startLending({
        config,
        paths,
        hostId: stack.hostId,
        devices: claimed.devices.map(({ record }) => record),
        controls,
        sharings: deviceSharings(providers, { paths, env, logger }),
        providers,
        target: await resolveTarget(paths, env),
        logger,
      });
      stack.commandSocket = lending.commandSocket;
      if (stack.state !== 'starting') return;
      scaling = await startScaling({
        config,
        paths,
        env,
        devices: claimed.devices.map(({ record }) => record),
        workers: deviceWorkers,
        target: await resolveTarget(paths, env),
        logger,
      });
      stack.state = 'ready';
      await write();
      logger.info({ hostId: stack.hostId }, 'stack ready');
    },

    /**
     * Workers first, so that they can report what they finish, that of the workflows as the last of
     * them: the pool hears what still ran here, and hands over. Then the server.
     */
    async stop(): Promise<void> {
      stack.state = 'draining';
      changed();
      await scaling?.stop();
      // While workers and server can still tell the pool.
      await lending?.drain();
      stack.commandSocket = null;
      const end = (which: StackEntry[]) =>
        Promise.all(which.map(({ process }) => process.stop(graceMs)));
      await end(entries.filter((entry) => !isServer(entry) && !runsWorkflows(entry)));
      await lending?.close();
      await end(entries.filter(runsWorkflows));
      await end(entries.filter(isServer));
      stack.state = 'stopped';
      await write();
      await claimed?.release();
      await Promise.all(releasePorts.map((release) => release()));
      await Promise.all(entries.map(({ log }) => log.close()));
    },

    /** Ends every child at once. */
    kill(): void {
      lending?.kill();
      for (const { process } of entries) process.kill();
    },
  };
}
