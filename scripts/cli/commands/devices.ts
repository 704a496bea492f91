import type { DeviceStatus } from '../../../workers/client/status.ts';
import { defineAction, type Registry } from '../action.ts';
import { formatTable } from '../format/table.ts';
import { formatBytes } from '../format/units.ts';

export function registerDevices(registry: Registry): void {
  const command = registry.program
    .command('devices')
    .description('what was discovered, and where each worker is bound');
  defineAction(registry, command, async ({ berth }) => {
    const devices = await berth.devices();
    return { json: devices, text: formatDevices(devices) };
  });
}

export function formatDevices(devices: DeviceStatus[]): string {
  if (devices.length === 0) return 'no devices';
  const rows = devices.map((device) => [
    device.label,
    device.deviceId,
    device.model,
    formatBytes(device.memoryBytes),
    device.worker?.state ?? 'no worker',
    formatBinding(device),
    formatBridge(device),
  ]);
  return formatTable(['device', 'id', 'what', 'memory', 'worker', 'bound to', 'bridge'], rows);
}

/** The kernel's word, not ours: the union over all threads of the worker and its children. */
function formatBinding({ cores, worker }: DeviceStatus): string {
  const binding = worker?.binding;
  if (!binding) return cores === null ? '-' : `cores ${cores} (planned)`;
  const threads = `${binding.threads} threads`;
  if (binding.verified) return `cores ${binding.actual}, checked on ${threads}`;
  return `cores ${binding.actual}, NOT the expected ${binding.expected ?? 'ones'}`;
}

function formatBridge({ worker }: DeviceStatus): string {
  const bridge = worker?.bridge;
  if (!bridge || bridge.state === 'none') return 'idle';
  const pid = bridge.pid === null ? '' : ` (pid ${bridge.pid})`;
  return bridge.message === null
    ? `${bridge.state}${pid}`
    : `${bridge.state}${pid}: ${bridge.message}`;
}
