import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import { pairRank } from '../../../workflows/scheduling/topology/linkRank.ts';

type Linked = Pick<DeviceRecord, 'deviceId' | 'links' | 'mig' | 'fabric'>;

const rankOf = (a: Linked, b: Linked): number => pairRank(withLinks(a), withLinks(b));

const withLinks = ({ deviceId, links = {}, mig = null, fabric = null }: Linked) => ({
  deviceId,
  links,
  mig,
  fabric,
});

/**
 * Puts devices with good links beside each other, because collectives run in rings over the order
 * in which a command sees its devices: begins with the best pair, then always the device with the
 * best link to the one before. Equal ones keep their order. Pure.
 */
export function orderByLinks<T extends Linked>(devices: readonly T[]): T[] {
  const left = [...devices];
  const ordered: T[] = [];
  const take = (device: T): void => {
    left.splice(left.indexOf(device), 1);
    ordered.push(device);
  };
  const first = bestOf(devices, (device) =>
    Math.max(...devices.filter((other) => other !== device).map((other) => rankOf(device, other))),
  );
  if (first !== undefined) take(first);
  while (left.length > 0) {
    const last = ordered.at(-1)!;
    take(bestOf(left, (device) => rankOf(last, device))!);
  }
  return ordered;
}

function bestOf<T>(items: readonly T[], value: (item: T) => number): T | undefined {
  let best: { item: T; value: number } | undefined;
  for (const item of items) {
    const found = value(item);
    if (best === undefined || found > best.value) best = { item, value: found };
  }
  return best?.item;
}
