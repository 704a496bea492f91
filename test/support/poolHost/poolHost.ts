import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowHandle } from '@temporalio/client';
import { expect, vi } from 'vitest';
import { createPaths, type Paths } from '../../../activities/platform/paths.ts';
import type { SupervisorMessage } from '../../../workers/commands/protocol.ts';
import {
  connectSupervisor,
  type SupervisorLink,
} from '../../../workers/commands/runner/supervisorLink.ts';
import { formatCoreSet } from '../../../workers/devices/coreSets.ts';
import { allowedCores } from '../../../workers/devices/cpuTopology.ts';
import type { Lease } from '../../../workflows/contracts/lease.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import { type HoldLeaseState, holdQueries } from '../../../workflows/contracts/pool/hold.ts';
import {
  holdLeaseWorkflowId,
  type PoolConfig,
} from '../../../workflows/contracts/pool/messages.ts';
import { type Resources, wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import { holdInput } from '../pool/holdInput.ts';
import { newPool, type PoolRig } from '../pool/poolRig.ts';

/** A lease that a holdLeaseWorkflow holds. */
export interface HeldLease {
  lease: Lease;
  hold: WorkflowHandle;
}

/** A scripted runner with its command. */
export interface RunnerProcess {
  process: ChildProcess;
  said: (SupervisorMessage | RunnerWord)[];
  /** Resolves with what the runner says of that type, the first time. */
  heard<T extends (SupervisorMessage | RunnerWord)['type']>(
    type: T,
  ): Promise<Extract<SupervisorMessage | RunnerWord, { type: T }>>;
}

type RunnerWord =
  | { type: 'running'; pid: number; prepared: Extract<SupervisorMessage, { type: 'prepared' }> }
  | { type: 'resumed' }
  | { type: 'refused'; failure: string; message: string };

/** The supervisor's lending in a process of its own, on a real server with a real pool. */
export interface PoolHost {
  paths: Paths;
  hostId: string;
  pool: string;
  start(): Promise<void>;
  /** Sends a signal and waits for the process's end. */
  end(signal: NodeJS.Signals): Promise<void>;
  signal(name: NodeJS.Signals): void;
  describe(): Promise<PoolDescription>;
  acquire(resources?: Partial<Resources>): Promise<HeldLease>;
  /** Runs a shell command under a lease. */
  run(held: HeldLease, command: string): Promise<RunnerProcess>;
  /** Says to the supervisor, as `berth run` does, that a runner of the request lives; returns its connection. */
  announce(held: HeldLease): Promise<SupervisorLink>;
  untilFree(): Promise<void>;
  close(): Promise<void>;
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export async function createPoolHost(
  rig: PoolRig,
  times: Partial<PoolConfig> = {},
  more: Record<string, string> = {},
): Promise<PoolHost> {
  const home = await mkdtemp(join(tmpdir(), 'berth-pool-host-'));
  const pool = newPool();
  const hostId = `h-${pool.slice(2, 10)}`;
  const paths = createPaths(home, join(home, 'shm'));
  const children: ChildProcess[] = [];
  let host: ChildProcess | undefined;
  let socket = '';
  const env = {
    ...process.env,
    BERTH_HOME: home,
    BERTH_SHM: join(home, 'shm'),
    BERTH_DEVICES: formatCoreSet(allowedCores().slice(0, 2)),
    BERTH_LOG_LEVEL: 'fatal',
    BERTH_POOL: pool,
    BERTH_POOL_TIMES: JSON.stringify({ heartbeatMs: 500, graceMs: 1_000, ...times }),
    HOST_ID: hostId,
    TEMPORAL_ADDRESS: rig.server.address,
    ...more,
  };
  const describe = () => rig.describe(pool);

  const self: PoolHost = {
    paths,
    hostId,
    pool,
    describe,
    signal: (name) => void host?.kill(name),
    async start() {
      host = fork(script('host.mjs'), { env, stdio: 'inherit', execArgv: [] });
      children.push(host);
      const [message] = await Promise.race([
        once(host, 'message'),
        once(host, 'exit').then(([code]) => Promise.reject(new Error(`host exited: ${code}`))),
      ]);
      ({ socket } = message as { socket: string });
    },
    async end(signal) {
      if (host === undefined || host.exitCode !== null || host.signalCode !== null) return;
      const exited = once(host, 'exit');
      host.kill(signal);
      await exited;
    },
    async acquire(resources = {}) {
      const input = holdInput(pool, { resources: { ...wholeDevices(1), ...resources } });
      await vi.waitFor(async () => expect((await describe()).devices).not.toEqual([]), 20_000);
      const hold = await rig.client.workflow.start('holdLeaseWorkflow', {
        workflowId: holdLeaseWorkflowId(pool, input.request.requestId),
        taskQueue: rig.taskQueue,
        args: [input],
      });
      const lease = await vi.waitFor(
        async () => {
          const state = await hold.query<HoldLeaseState>(holdQueries.state);
          if (state.lease === null) throw new Error(`no lease: ${JSON.stringify(state)}`);
          return state.lease;
        },
        { timeout: 20_000 },
      );
      return { lease, hold };
    },
    async run({ lease, hold }, command) {
      const { runId } = await hold.describe();
      const runner = fork(script('runner.mjs'), [socket, JSON.stringify(lease), command], {
        env: { ...process.env, HOLDER: JSON.stringify({ workflowId: hold.workflowId, runId }) },
        execArgv: [],
      });
      children.push(runner);
      const said: RunnerProcess['said'] = [];
      const listeners = new Set<() => void>();
      runner.on('message', (message) => {
        said.push(message as RunnerWord);
        for (const look of listeners) look();
      });
      const heard = (type: string) =>
        new Promise((resolve) => {
          const look = (): void => {
            const found = said.find((message) => message.type === type);
            if (found === undefined) return;
            listeners.delete(look);
            resolve(found);
          };
          listeners.add(look);
          look();
        });
      return { process: runner, said, heard: heard as RunnerProcess['heard'] };
    },
    async announce({ lease }) {
      const link = await connectSupervisor(socket);
      // The first lease of a request has its id.
      await link.ask({ type: 'hold', pool, requestId: lease.leaseId }, 'held');
      return link;
    },
    async untilFree() {
      await vi.waitFor(
        async () => {
          const { devices, leases } = await describe();
          expect(leases).toEqual([]);
          expect(devices.map(({ state }) => state)).toEqual(['free']);
        },
        { timeout: 30_000 },
      );
    },
    async close() {
      await self.end('SIGTERM');
      for (const child of children) child.kill('SIGKILL');
      await rm(home, { recursive: true, force: true });
    },
  };
  return self;
}
