import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, readBootId } from '../../../workers/supervisor/procfs.ts';
import type { HolderLine, Journal } from './journal.ts';

const lookMs = 50;

/** Follows the processes that the journals name, and notes their ends there. */
export interface ProcessWatch {
  /** Lines of processes that are still there, of their beginning. */
  alive(): HolderLine[];
  /** Everything that began so far. */
  begun(): HolderLine[];
  /** Looks once more, and no more. */
  stop(): Promise<void>;
}

export function watchProcesses(journal: Journal): ProcessWatch {
  const begun: HolderLine[] = [];
  const present = new Map<HolderLine, number>();
  const stopped = new AbortController();
  const bootId = readBootId();

  const look = (): void => {
    for (const line of journal.readNew()) {
      if (line.event !== 'begin' && line.event !== 'clash') continue;
      begun.push(line);
      present.set(line, line.at);
    }
    for (const [line, seenAt] of present) {
      const { deviceId, pid, startTime } = line;
      const now = Date.now();
      if (isAlive({ pid, startTime, bootId })) {
        present.set(line, now);
        continue;
      }
      present.delete(line);
      journal.append({ event: 'gone', deviceId, pid, startTime, seenAt, at: now });
    }
  };

  const running = (async () => {
    while (!stopped.signal.aborted) {
      look();
      await delay(lookMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
    look();
  })();

  return {
    alive: () => [...present.keys()],
    begun: () => [...begun],
    async stop() {
      stopped.abort();
      await running;
    },
  };
}
