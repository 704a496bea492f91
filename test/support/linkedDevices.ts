import { cubeMeshRows } from '../../scripts/bench/gang/topologies.ts';
import type { LinkType, PoolDevice } from '../../workflows/contracts/pool/devices.ts';
import type { LinkedDevice } from '../../workflows/scheduling/topology/linkRank.ts';

/**
 * Devices `d0`, `d1`, … from rows as `nvidia-smi topo -m` prints them: cell j of row i is what
 * device i sees of device j; `?` is not listed.
 */
export function linkedDevices(rows: string[], fabric: PoolDevice['fabric'] = null): LinkedDevice[] {
  const cells = rows.map((row) => row.trim().split(/\s+/));
  return cells.map((row, i) => ({
    deviceId: `d${i}`,
    links: Object.fromEntries(
      row.flatMap((cell, j) => (i === j || cell === '?' ? [] : [[`d${j}`, cell as LinkType]])),
    ),
    fabric,
  }));
}

/** V100 DGX-1: a hybrid cube mesh of two quads. */
export const dgx1 = (): LinkedDevice[] => linkedDevices(cubeMeshRows);

/** Hosts of four in one NVLink domain, by `<host>.<n>`; no host lists another's devices. */
export function fabricHosts(hosts: number, fabric: PoolDevice['fabric']): LinkedDevice[] {
  return Array.from({ length: hosts * 4 }, (_, i) => {
    const own = (n: number) => `${String(i >> 2).padStart(2, '0')}.${n}`;
    const peers = [0, 1, 2, 3].filter((n) => n !== i % 4);
    return {
      deviceId: own(i % 4),
      links: Object.fromEntries(peers.map((n) => [own(n), 'NV18' as LinkType])),
      fabric,
    };
  });
}
