const unitMs: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a duration of whole units such as `90s`, `15m`, `24h` or `7d`.
 * @returns milliseconds; undefined when it is none.
 */
export function parseDuration(text: string): number | undefined {
  const match = /^(\d{1,9}) ?([smhd])$/.exec(text.trim());
  const unit = match && unitMs[match[2] ?? ''];
  return unit ? Number(match[1]) * unit : undefined;
}
