import type { Resources } from '../contracts/pool/requests.ts';

const known = new WeakMap<Resources, string>();

/** Equal for resources that are equal; remembered, as a request keeps its own while it waits. */
export function shapeKey(resources: Resources): string {
  let key = known.get(resources);
  if (key === undefined) {
    key = JSON.stringify(resources);
    known.set(resources, key);
  }
  return key;
}
