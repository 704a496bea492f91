import { availableParallelism } from 'node:os';
import { NativeError, type ScanRange, scanFile } from '../../../native/addon/index.ts';
import { createWork } from '../../artifacts/work.ts';
import type { WatchedJob } from '../../platform/heartbeat.ts';
import { inTurn } from '../inTurn.ts';
import { type KnownFile, sourceChanged } from './identity.ts';

export interface FileToScan {
  file: KnownFile;
  /** Runs of elements to look for NaN and infinity in. */
  ranges: readonly ScanRange[];
}

export interface ScanResult {
  /** Hex. */
  sha256: string;
  /** First NaN or infinity of each range that holds one. */
  nonFinite: { range: number; element: number }[];
}

/** More files at once only seek: SHA-256 keeps one thread of each busy, the scan another. */
const maxFilesAtOnce = 4;

/**
 * Hashes files and looks for NaN and infinity, in one read of each, several at once.
 * @returns a job that resolves to one result a file, in the order given; BerthError SourceChanged
 *   when a file changes while it is read.
 * @param onFinite called, and awaited, for each file that was read to its end and is finite
 */
export function scanFiles(
  files: readonly FileToScan[],
  onFinite: (file: KnownFile, sha256: string) => Promise<void> = async () => {},
): WatchedJob<ScanResult[]> {
  const work = createWork();
  const one = async ({ file, ranges }: FileToScan): Promise<ScanResult> => {
    try {
      const { sha256, bytes, nonFinite } = await work.run(
        scanFile({ path: file.realPath, ranges, threads: 2 }),
      );
      if (bytes !== file.identity.size) {
        throw sourceChanged(file.path, `had ${file.identity.size} bytes and now has ${bytes}`);
      }
      if (nonFinite.length === 0) await onFinite(file, sha256);
      return { sha256, nonFinite };
    } catch (error) {
      throw changedOr(error, file);
    }
  };
  const atOnce = Math.min(maxFilesAtOnce, availableParallelism());
  return {
    result: inTurn(files, one, { work, atOnce }),
    progress: work.progress,
    cancel: work.cancel,
  };
}

function changedOr(error: unknown, file: KnownFile): unknown {
  if (!(error instanceof NativeError)) return error;
  if (error.code === 'SOURCE_CHANGED') return sourceChanged(file.path, 'changed');
  if (error.code === 'ENOENT') return sourceChanged(file.path, 'vanished');
  return error;
}
