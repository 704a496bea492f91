export interface VisibleDevice {
  /** Of the physical GPU. */
  index: number;
  uuid: string;
  /** Of the physical GPU, for a MIG instance. */
  parentUuid: string | null;
}

/**
 * The devices that CUDA_VISIBLE_DEVICES leaves, in its order, by CUDA's rules: indices or UUID
 * prefixes, the first unknown entry ends the list, empty means none. Naming a GPU names all its MIG
 * instances, for they are lent one by one. Pure.
 */
export function selectVisible<T extends VisibleDevice>(
  devices: readonly T[],
  visible: string | undefined,
): T[] {
  if (visible === undefined) return [...devices];
  const chosen: T[] = [];
  for (const entry of visible.split(',').map((part) => part.trim())) {
    const found = devices.filter(({ index, uuid, parentUuid }) =>
      /^\d+$/.test(entry)
        ? index === Number(entry)
        : entry !== '' && (uuid.startsWith(entry) || parentUuid?.startsWith(entry)),
    );
    if (found.length === 0) break;
    chosen.push(...found.filter((device) => !chosen.includes(device)));
  }
  return chosen;
}
