import { type Logger, pino } from 'pino';

export type { Logger };

/** JSON lines on stderr; the supervisor collects, stamps and rotates them per process. */
export function createLogger(name: string, level: string): Logger {
  return pino(
    { name, level, base: { pid: process.pid } },
    pino.destination({ dest: 2, sync: true }),
  );
}
