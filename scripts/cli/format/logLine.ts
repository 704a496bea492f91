const levels: Record<number, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** A pino JSON line for a person: time, level, message, the rest as key=value. Others stay. */
export function formatLogLine(line: string): string {
  const entry = parseEntry(line);
  if (entry === undefined) return line;
  const { time, level, msg, name: _name, pid: _pid, hostname: _host, ...rest } = entry;
  const fields = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const clock = new Date(Number(time)).toISOString();
  const word = (levels[Number(level)] ?? String(level)).padEnd(5);
  return [clock, word, String(msg ?? ''), ...fields].filter((part) => part !== '').join('  ');
}

function parseEntry(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const entry = JSON.parse(line) as Record<string, unknown>;
    return Number.isFinite(entry.time) && Number.isFinite(entry.level) ? entry : undefined;
  } catch {
    return undefined;
  }
}
