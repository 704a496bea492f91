import { heartbeatWhile } from '../platform/heartbeat.ts';
import { createWork, type Work } from './work.ts';

/** Runs a long operation inside an activity: heartbeats its bytes and stops it on cancellation. */
export function heartbeatWork<T>(totalBytes: number, run: (work: Work) => Promise<T>): Promise<T> {
  const work = createWork();
  return heartbeatWhile(
    { result: run(work), progress: work.progress, cancel: work.cancel },
    totalBytes,
  );
}
