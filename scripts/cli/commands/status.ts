import type { ServerStatus, StackStatus } from '../../../workers/client/status.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatFields, formatTable } from '../format/table.ts';
import { formatDevices } from './devices.ts';

export function registerStatus(registry: Registry): void {
  const command = registry.program
    .command('status')
    .description('server, Web UI, processes, queues, devices; exit code 1 when nothing runs');
  defineAction(registry, command, async ({ berth }) => {
    const status = await berth.status();
    return { json: status, text: formatStatus(status), exitCode: isHealthy(status) ? 0 : 1 };
  });
}

/** Whether jobs can run now. */
export function isHealthy({ state, server }: StackStatus): boolean {
  return state === 'ready' && server?.reachable === true;
}

export function formatStatus(status: StackStatus): string {
  const { server } = status;
  const head = formatFields([
    ['stack', status.state === 'stopped' ? 'stopped: run berth up' : status.state],
    ['home', status.home],
    ['host', status.hostId ?? undefined],
    ['since', status.startedAt ?? undefined],
    ['server', server === null ? undefined : formatServer(server)],
    ['web UI', server?.webUi ?? undefined],
    ['Chroma', status.chroma ?? undefined],
  ]);
  if (status.state === 'stopped') return head;
  const sections = [
    head,
    formatProcesses(status),
    formatTable(
      ['queue', 'tasks', 'pollers'],
      status.queues.map(({ name, type, pollers }) => [name, type, String(pollers)]),
      ['left', 'left', 'right'],
    ),
    formatDevices(status.devices),
    ...status.skippedDevices.map(({ deviceId, reason }) => `${deviceId}: not taken: ${reason}`),
  ];
  return sections.join('\n\n');
}

function formatServer(server: ServerStatus): string {
  const kind = server.embedded ? 'embedded' : 'external';
  const reach = server.reachable ? 'reachable' : 'NOT reachable';
  return `${server.address}, namespace ${server.namespace}, ${kind}, ${reach}`;
}

function formatProcesses({ processes }: StackStatus): string {
  const rows = processes.map(({ name, state, pid, restarts, lastExit }) => [
    name,
    state,
    pid === null ? '-' : String(pid),
    String(restarts),
    lastExit ?? '-',
  ]);
  const header = ['process', 'state', 'pid', 'restarts', 'last exit'];
  return formatTable(header, rows, ['left', 'left', 'right', 'right']);
}
