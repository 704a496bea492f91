/**
 * The devices that CUDA_VISIBLE_DEVICES leaves, in its order, by CUDA's rules: indices or UUID
 * prefixes, the first unknown entry ends the list, empty means none. Pure.
 */
export function selectVisible<T extends { index: number; uuid: string }>(
  devices: readonly T[],
  visible: string | undefined,
): T[] {
  if (visible === undefined) return [...devices];
  const chosen: T[] = [];
  for (const entry of visible.split(',').map((part) => part.trim())) {
    const found = devices.filter(({ index, uuid }) =>
      /^\d+$/.test(entry) ? index === Number(entry) : entry !== '' && uuid.startsWith(entry),
    );
    if (found.length === 0) break;
    chosen.push(...found.filter((device) => !chosen.includes(device)));
  }
  return chosen;
}
