import type { Row } from '../records/recordReader.ts';

const keptWindows = 2;
const keptMs = 60_000;

/**
 * The windows that were decoded last. Each page of a job opens its source anew, and several pages
 * lie in one window; what is not asked for again within a minute is given up.
 */
export function createWindowCache() {
  const windows = new Map<string, { rows: Row[]; timer: NodeJS.Timeout }>();
  const drop = (key: string): void => {
    clearTimeout(windows.get(key)?.timer);
    windows.delete(key);
  };
  return async (key: string, decode: () => Promise<Row[]>): Promise<Row[]> => {
    const rows = windows.get(key)?.rows ?? (await decode());
    drop(key);
    windows.set(key, { rows, timer: setTimeout(() => windows.delete(key), keptMs).unref() });
    const [oldest] = windows.keys();
    if (windows.size > keptWindows && oldest !== undefined) drop(oldest);
    return rows;
  };
}
