import type { Resources } from '../../contracts/pool/requests.ts';

/** A request as placement sees it: with `devices` 0 it wants only a host's CPU and memory. */
export interface Task extends Resources {
  /** Takes devices nobody else is on. */
  whole: boolean;
  /** Trust domain that its shares belong to. */
  domain: string;
  /** Equal for tasks that are worth the same everywhere; null where a score cannot be remembered. */
  key: string | null;
}

export function taskOf(resources: Resources, domain = ''): Task {
  const whole = resources.milli >= 1000 && resources.devices > 0;
  return { ...resources, whole, domain, key: keyOf(resources, whole ? '' : domain) };
}

/** Hosts and host memory are left out: place looks at them itself. */
function keyOf(resources: Resources, domain: string): string | null {
  const { devices, milli, memoryMib, migProfile, kind, models, deviceIds, link, cpuMilli } =
    resources;
  if (deviceIds.length > 0) return null;
  const plain = `${devices} ${milli} ${memoryMib} ${cpuMilli}`;
  if (migProfile === null && kind === null && link === null && domain === '') {
    return models.length === 0 ? plain : `${plain} ${models.join('|')}`;
  }
  return `${plain} ${JSON.stringify([migProfile, kind, link, domain, models])}`;
}
