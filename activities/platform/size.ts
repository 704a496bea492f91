const units: Record<string, number> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  k: 2 ** 10,
  kib: 2 ** 10,
  m: 2 ** 20,
  mib: 2 ** 20,
  g: 2 ** 30,
  gib: 2 ** 30,
  t: 2 ** 40,
  tib: 2 ** 40,
};

/**
 * Reads a size such as `512MiB`, `1.5GB`, `64k` or `4096`: IEC suffixes and bare letters are powers
 * of 1024, SI suffixes powers of 1000, in either case. (The `bytes` library reads `16GiB` as 16.)
 * @returns bytes, rounded down; undefined when it is not a size.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([a-z]{0,3})$/i.exec(text.trim());
  const unit = match && units[(match[2] ?? '').toLowerCase()];
  if (!match || unit === null || unit === undefined) return undefined;
  const size = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(size) ? size : undefined;
}
