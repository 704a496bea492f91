import type { LinkType, PoolDevice } from '../../../workflows/contracts/pool/devices.ts';
import type { LinkGenerations } from '../../../workflows/scheduling/topology/linkBandwidth.ts';
import type { LinkedDevice } from '../../../workflows/scheduling/topology/linkRank.ts';

export interface BenchTopology {
  name: string;
  made: LinkGenerations;
  /** A gang stays within one of these: a host, or all hosts of a domain. */
  islands: LinkedDevice[][];
}

/** V100 DGX-1 as `nvidia-smi topo -m` prints it. */
export const cubeMeshRows = [
  'X NV1 NV1 NV2 NV2 SYS SYS SYS',
  'NV1 X NV2 NV1 SYS NV2 SYS SYS',
  'NV1 NV2 X NV2 SYS SYS NV1 SYS',
  'NV2 NV1 NV2 X SYS SYS SYS NV1',
  'NV2 SYS SYS SYS X NV1 NV1 NV2',
  'SYS NV2 SYS SYS NV1 X NV2 NV1',
  'SYS SYS NV1 SYS NV1 NV2 X NV2',
  'SYS SYS SYS NV1 NV2 NV1 NV2 X',
];
const cubeMesh = cubeMeshRows.map((row) => row.split(' '));

/** Eight A100 PCIe cards: pairs with three NVLink bridges, four to a socket. */
const bridged = (i: number, j: number): LinkType =>
  i >> 1 === j >> 1 ? 'NV12' : i >> 2 === j >> 2 ? 'NODE' : 'SYS';

export const topologies: readonly BenchTopology[] = [
  {
    name: 'DGX-1',
    made: { nvlink: 2, pcie: 3, network: 12.5 },
    islands: hosts(4, (i, j) => cubeMesh[i]![j] as LinkType),
  },
  {
    name: 'PCIe pairs',
    made: { nvlink: 3, pcie: 4, network: 25 },
    islands: hosts(4, bridged),
  },
  {
    name: 'NVL72',
    made: { nvlink: 5, pcie: 5, network: 50 },
    islands: [rack('a')],
  },
  {
    name: '2 × NVL72',
    made: { nvlink: 5, pcie: 5, network: 50 },
    islands: [[...rack('a'), ...rack('b')]],
  },
];

/** Hosts of eight devices. */
function hosts(count: number, link: (i: number, j: number) => LinkType): LinkedDevice[][] {
  return Array.from({ length: count }, (_, host) => oneHost(`h${host}`, 8, link, null));
}

/** 18 hosts of four devices in one NVLink domain. */
function rack(name: string): LinkedDevice[] {
  const fabric = { clusterUuid: name, cliqueId: 1 };
  return Array.from({ length: 18 }, (_, host) =>
    oneHost(`${name}${String(host).padStart(2, '0')}`, 4, () => 'NV18', fabric),
  ).flat();
}

function oneHost(
  host: string,
  size: number,
  link: (i: number, j: number) => LinkType,
  fabric: PoolDevice['fabric'],
): LinkedDevice[] {
  const all = Array.from({ length: size }, (_, i) => i);
  return all.map((i) => ({
    deviceId: `${host}.${i}`,
    links: Object.fromEntries(all.filter((j) => j !== i).map((j) => [`${host}.${j}`, link(i, j)])),
    fabric,
  }));
}
