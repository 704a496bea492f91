/**
 * What a native call can fail with; `NativeError.code` is one of these or an errno name.
 * `AUTH`: a segment's tag does not verify. `HEADER`: wrong key, associated data or parameters.
 * `SOURCE_CHANGED`: the input shrank or grew while it was read. `PANIC`: a bug in the addon.
 */
export type NativeErrorCode =
  | 'AUTH'
  | 'HEADER'
  | 'TRUNCATED'
  | 'TRAILING'
  | 'CANCELLED'
  | 'SOURCE_CHANGED'
  | 'INVALID'
  | 'PANIC'
  | 'ADDON_MISSING'
  | 'ENOSPC'
  | 'ENOENT'
  | 'EIO'
  | (string & {});

/** A long operation that runs on its own threads. */
export interface NativeJob<T> {
  /** Rejects with a `NativeError`. */
  readonly result: Promise<T>;
  /** Bytes done so far, in the same unit as the operation's `bytes` or `plaintextBytes`. */
  progress(): number;
  /** Asks the operation to stop; `result` then rejects with `CANCELLED` once its output is gone. */
  cancel(): void;
}

/** `key` is 32 bytes, copied into memory that is wiped after use; `aad` binds the blob to its place. */
export interface FloeKey {
  key: Uint8Array;
  aad: Uint8Array;
}

export interface SealFileRequest extends FloeKey {
  input: string;
  /** Created or overwritten under exactly this name: give a temporary one and rename it afterwards. */
  output: string;
  /** Bytes of an encrypted segment, overhead included; 1 MiB unless told. */
  segmentLength?: number;
  /** All cores that this process may use unless told. */
  threads?: number;
}

/** Digests are lower-case hex. */
export interface SealedFile {
  plaintextBytes: number;
  plaintextSha256: string;
  ciphertextBytes: number;
  ciphertextSha256: string;
}

export interface VerifyFileRequest extends FloeKey {
  input: string;
  /** From the signed manifest: says where the final segment must lie. */
  plaintextBytes: number;
  segmentLength?: number;
  threads?: number;
}

export interface OpenFileRequest extends VerifyFileRequest {
  /** Must lie in the folder that holds plaintext; rename it after success. Removed on failure. */
  output: string;
  /** Put a tmpfs output into huge pages where they are to be had; true unless told. */
  hugePages?: boolean;
  /** fsync the output (for `export`; pointless on tmpfs). */
  sync?: boolean;
}

export interface OpenedFile {
  plaintextBytes: number;
  /** How many of them lie in huge pages. */
  hugePageBytes: number;
}

export interface VerifiedFile {
  plaintextSha256: string;
  ciphertextSha256: string;
}

/** A whole small message; `rotationMaskBits` differs from 20 only in the published known answers. */
export interface FloeBufferRequest extends FloeKey {
  data: Uint8Array;
  segmentLength: number;
  rotationMaskBits?: number;
}

/** A run of elements of one safetensors dtype (`F32`, `BF16`, `F8_E4M3`, …); others are ignored. */
export interface ScanRange {
  /** Bytes from the start of the file. */
  offset: number;
  /** Bytes. */
  length: number;
  dtype: string;
}

export interface ScanFileRequest {
  path: string;
  ranges: readonly ScanRange[];
  threads?: number;
}

export interface ScannedFile {
  sha256: string;
  bytes: number;
  /** The first NaN or infinity of each range that holds one, by index of the range; at most 1000. */
  nonFinite: { range: number; element: number }[];
}

export interface HashedFile {
  sha256: string;
  bytes: number;
}

export type FilePart = { bytes: Uint8Array } | { path: string; offset: number; length: number };

export interface AssembleFileRequest {
  output: string;
  parts: readonly FilePart[];
}

/**
 * `willneed` reads pages in, `hugepage` asks the kernel to collapse the file into huge pages,
 * `dontneed` drops clean page-cache pages of a disk file.
 */
export type FileAdvice = 'willneed' | 'hugepage' | 'dontneed';

export interface LockedFile {
  bytes: number;
  unlock(): void;
}

/** As `fs.stat` gives them. */
export interface InodeId {
  dev: number;
  ino: number;
}

export interface MappedInodes {
  /** Only those of the asked inodes that some process maps. */
  mapped: (InodeId & { pids: number[] })[];
  /** Processes whose mappings this user may not read. */
  unreadablePids: number[];
}

export interface CipherSpeedRequest {
  seconds: number;
  segmentLength?: number;
  threads?: number;
}

/** Bytes a second over all threads. */
export interface CipherSpeed {
  seal: number;
  open: number;
}

export interface CpuFeatures {
  aesNi: boolean;
  vaes: boolean;
  avx2: boolean;
  avx512: boolean;
  shaNi: boolean;
  /** Cores that this process may run on. */
  cores: number;
}

export interface LoadSplitterRequest {
  /** Absolute path of a `tokenizer.json`; absent: four characters count as a token. */
  tokenizer?: string;
  /** Of a chunk, special tokens included; at least 16 beside those. */
  maxTokens: number;
  /** Tokens that a chunk repeats of the one before; at most half of what it holds. */
  overlapTokens: number;
}

export interface SplitTexts {
  /** Chunks of each text. */
  counts: Uint32Array;
  /** Start and end in its text (UTF-16 units) and tokens of each chunk, one after another. */
  chunks: Uint32Array;
}

export interface NativeSplitter {
  /** Chunks in the order of their text; none for a text of white space only. */
  split(texts: readonly string[]): NativeJob<SplitTexts>;
}
