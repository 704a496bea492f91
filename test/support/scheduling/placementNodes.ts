import { type Resources, wholeDevices } from '../../../workflows/contracts/pool/requests.ts';
import {
  createPlacementIndex,
  type PlacementDevice,
  type PlacementIndex,
  type PlacementNode,
  type PlacementOptions,
} from '../../../workflows/scheduling/placement/placementIndex.ts';
import type { TypicalTask } from '../../../workflows/scheduling/state.ts';

export const gpuMemoryMib = 80_000;

/** An idle GPU. */
export function gpu(deviceId: string, change: Partial<PlacementDevice> = {}): PlacementDevice {
  return {
    ...{ deviceId, model: 'H100', kind: 'cuda', mig: null, links: {}, fabric: null },
    ...{ memoryMib: gpuMemoryMib, freeMemoryMib: gpuMemoryMib, maxShares: 48 },
    ...{ freeMilli: 1000, shares: 0, domain: null, available: true },
    ...change,
  };
}

/** A host with GPUs by what is free of each, thousandths; 100 cores and 1 TiB unless said. */
export function host(
  hostId: string,
  free: readonly number[],
  change: Partial<PlacementNode> = {},
): PlacementNode {
  return {
    ...{ hostId, cpuCapMilli: 100_000, cpuFreeMilli: 100_000 },
    ...{ memoryCapMib: 1_048_576, memoryFreeMib: 1_048_576 },
    devices: free.map((freeMilli, at) =>
      gpu(`${hostId}.${at}`, {
        freeMilli,
        shares: freeMilli < 1000 ? 1 : 0,
        domain: freeMilli < 1000 ? '' : null,
      }),
    ),
    ...change,
  };
}

export function indexOf(
  nodes: PlacementNode[],
  options: Partial<PlacementOptions> = {},
): PlacementIndex {
  return createPlacementIndex(nodes, { policy: 'spp-k', typical: [], ...options });
}

export const fraction = (milli: number, change: Partial<Resources> = {}): Resources => ({
  ...wholeDevices(1),
  milli,
  ...change,
});

export const whole = (devices: number, change: Partial<Resources> = {}): Resources => ({
  ...wholeDevices(devices),
  ...change,
});

export const typicalTask = (
  devices: number,
  milli: number,
  count: number,
  change: Partial<TypicalTask> = {},
): TypicalTask => ({ cpuMilli: 1000, memoryMib: 0, devices, milli, models: [], count, ...change });

/** Every pair of the ids linked alike, both ways. */
export function linkAll(
  devices: PlacementDevice[],
  link: PlacementDevice['links'][string],
): PlacementDevice[] {
  return devices.map((device) => ({
    ...device,
    links: Object.fromEntries(
      devices
        .filter(({ deviceId }) => deviceId !== device.deviceId)
        .map(({ deviceId }) => [deviceId, link]),
    ),
  }));
}
