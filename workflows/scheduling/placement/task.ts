import type { Resources } from '../../contracts/pool/requests.ts';

/** A request as placement sees it: without `devices` it wants only a host's CPU and memory. */
export interface Task extends Resources {
  /** Takes devices nobody else is on. */
  whole: boolean;
  /** Trust domain that its shares belong to. */
  domain: string;
}

export function taskOf(resources: Resources, domain = ''): Task {
  return { ...resources, whole: resources.milli >= 1000, domain };
}
