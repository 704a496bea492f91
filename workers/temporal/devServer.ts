import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { portNumbers } from 'get-port';
import type { Paths } from '../../activities/platform/paths.ts';
import type { ProcessCommand } from '../supervisor/childProcess.ts';
import { claimPort } from './claimPort.ts';

const loopback = '127.0.0.1';

export interface DevServerPorts {
  frontend: number;
  ui: number;
}

export interface ClaimedPorts {
  ports: DevServerPorts;
  release(): Promise<void>;
}

/**
 * Temporal's usual ports, or the next free ones, claimed against other stacks. A stack that ran
 * before takes its ports again, so that links into the Web UI stay valid.
 */
export async function claimDevServerPorts(
  previous?: DevServerPorts,
  folder?: string,
): Promise<ClaimedPorts> {
  const claim = (first: number, last: number | undefined) =>
    claimPort(loopback, [...portNumbers(first, first + 200)], { previous: last, folder });
  const frontend = await claim(7233, previous?.frontend);
  const ui = await claim(8233, previous?.ui);
  return {
    ports: { frontend: frontend.port, ui: ui.port },
    release: async () => {
      await Promise.all([frontend.release(), ui.release()]);
    },
  };
}

export const devServerAddress = (ports: DevServerPorts): string => `${loopback}:${ports.frontend}`;
export const devServerUi = (ports: DevServerPorts): string => `http://${loopback}:${ports.ui}`;

/** Settings of the server that differ from its defaults, as `key=<JSON>`. */
const dynamicConfig = [
  // One partition each: tasks of a device queue are handed out in order, and without the delay of
  // forwarding between partitions. The default of four serves clusters.
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // A search attribute that was just made can be used at once.
  'system.forceSearchAttributesCacheRefreshOnRead=true',
];

/** The real Temporal server (`temporal server start-dev`), state in SQLite, loopback only. */
export async function devServerCommand(
  cli: string,
  paths: Paths,
  ports: DevServerPorts,
  namespace: string,
  env: NodeJS.ProcessEnv = process.env,
): Promise<ProcessCommand> {
  await mkdir(dirname(paths.temporalDatabase), { recursive: true, mode: 0o700 });
  const args = ['server', 'start-dev', '--ip', loopback, '--ui-ip', loopback];
  args.push('--port', String(ports.frontend), '--ui-port', String(ports.ui));
  args.push('--db-filename', paths.temporalDatabase, '--namespace', namespace);
  args.push('--log-format', 'json', '--log-level', 'warn', '--ui-disable-news-fetch');
  args.push(...dynamicConfig.flatMap((setting) => ['--dynamic-config-value', setting]));
  return { file: cli, args, env: withoutTemporal(env) };
}

/** Variables for clients must not steer the server's own command line. */
function withoutTemporal(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([key]) => !key.startsWith('TEMPORAL_')));
}
