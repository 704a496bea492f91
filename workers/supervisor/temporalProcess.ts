import type { Paths } from '../../activities/platform/paths.ts';
import { findTemporalCli } from '../../activities/platform/python.ts';
import { embeddedTarget } from '../temporal/connection.ts';
import {
  type ClaimedPorts,
  claimDevServerPorts,
  type DevServerPorts,
  devServerAddress,
  devServerCommand,
  devServerUi,
} from '../temporal/devServer.ts';
import { connectWhenHealthy, setRetention } from '../temporal/namespace.ts';
import { ensureSearchAttributes } from '../temporal/searchAttributes.ts';
import type { ManagedProcessSpec } from './managedProcess.ts';
import type { TemporalStatus } from './stackFile.ts';

/** A server that does not answer by then is killed and started again. */
const startTimeoutMs = 60_000;

export interface TemporalProcessDeps {
  paths: Paths;
  env: NodeJS.ProcessEnv;
  namespace: string;
  /** Ports of the run before. */
  previous: DevServerPorts | undefined;
  onStatus(status: TemporalStatus): void;
}

export interface TemporalProcessSpec extends ManagedProcessSpec {
  /** Lets other stacks have its ports. */
  releasePorts(): Promise<void>;
}

/**
 * How the supervisor runs the embedded server and knows that it serves.
 * @throws BerthError InvalidRequest when the Temporal command line is not there
 */
export function createTemporalSpec(deps: TemporalProcessDeps): TemporalProcessSpec {
  const { namespace } = deps;
  const cli = findTemporalCli(deps.env);
  let claimed: ClaimedPorts | undefined;
  let served = false;
  return {
    name: 'temporal',
    ipc: false,
    async command() {
      // Workers know the ports once it has served; before that, one taken meanwhile is exchanged.
      if (claimed === undefined || !served) {
        const before = claimed;
        claimed = await claimDevServerPorts(before === undefined ? deps.previous : undefined);
        await before?.release();
      }
      const { ports } = claimed;
      deps.onStatus(embeddedStatus(ports, namespace));
      return devServerCommand(cli, deps.paths, ports, namespace, deps.env);
    },
    async whenReady(_child, signal) {
      if (claimed === undefined) throw new Error('the server has no ports yet');
      const target = embeddedTarget(devServerAddress(claimed.ports), namespace);
      const inTime = AbortSignal.any([signal, AbortSignal.timeout(startTimeoutMs)]);
      const connection = await connectWhenHealthy(target, inTime);
      try {
        if (!served) {
          await setRetention(connection, namespace);
          await ensureSearchAttributes(connection, namespace);
        }
        served = true;
      } finally {
        await connection.close();
      }
    },
    async releasePorts() {
      await claimed?.release();
    },
  };
}

function embeddedStatus(ports: DevServerPorts, namespace: string): TemporalStatus {
  return {
    embedded: true,
    address: devServerAddress(ports),
    namespace,
    uiUrl: devServerUi(ports),
    ports,
  };
}
