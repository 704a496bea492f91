import { changedFile, compareFile, type FileStamp, stampFile } from './fileStamp.ts';
import { unpackGzip } from './unpack.ts';

/** A file that is read between byte offsets, plain or by its unpacked copy. */
export interface TextFile {
  path: string;
  /** A gzip file: as a whole it is as planned, or it is not. */
  packed: boolean;
  stamp(): Promise<FileStamp>;
  /** @throws BerthError SourceChanged when the planned part is no longer as it was. */
  require(planned: FileStamp): Promise<void>;
  /** Path of the plain content. */
  plain(planned: FileStamp, scratch: string, signal?: AbortSignal): Promise<string>;
}

/** @param path Resolved and allowed; `.gz` is unpacked. */
export function createTextFile(path: string): TextFile {
  const packed = path.endsWith('.gz');
  return {
    path,
    packed,
    stamp: () => stampFile(path),
    async require(planned) {
      const change = await compareFile(path, planned);
      if (change === 'shrunk') throw changedFile(path, 'has shrunk');
      if (change === 'rewritten' || change === 'replaced') throw changedFile(path, 'was rewritten');
      if (packed && change === 'appended') throw changedFile(path, 'has grown');
    },
    plain: async (planned, scratch, signal) =>
      packed ? unpackGzip(path, planned, scratch, signal) : path,
  };
}
