import { callAddon, startJob } from './job.ts';
import type {
  AssembleFileRequest,
  CipherSpeed,
  CipherSpeedRequest,
  CpuFeatures,
  FileAdvice,
  FloeBufferRequest,
  HashedFile,
  InodeId,
  LoadSplitterRequest,
  LockedFile,
  MappedInodes,
  NativeJob,
  NativeSplitter,
  OpenedFile,
  OpenFileRequest,
  ScanFileRequest,
  ScannedFile,
  SealedFile,
  SealFileRequest,
  VerifiedFile,
  VerifyFileRequest,
} from './types.ts';

export { NativeError } from './nativeError.ts';
export type * from './types.ts';

/**
 * FLOE-encrypts a file (eprint 2025/2275; AES-256-GCM, HKDF-SHA-384) and hashes both sides in the
 * same pass. Every call makes a new header and new IVs; the output is fsynced.
 */
export function sealFile(request: SealFileRequest): NativeJob<SealedFile> {
  return startJob((addon) => addon.sealFile(request));
}

/**
 * Decrypts a FLOE file: the final segment is verified first, then all in parallel. The output is
 * complete and verified when the promise resolves; what was written is removed when it rejects.
 */
export function openFile(request: OpenFileRequest): NativeJob<OpenedFile> {
  return startJob((addon) => addon.openFile(request));
}

/** Decrypts without output and hashes both sides. */
export function verifyFile(request: VerifyFileRequest): NativeJob<VerifiedFile> {
  return startJob((addon) => addon.verifyFile(request));
}

/** Encrypts a small message. */
export function sealBuffer(request: FloeBufferRequest): Uint8Array {
  return callAddon((addon) => addon.sealBuffer(request));
}

/** Decrypts a small message; throws a `NativeError`. */
export function openBuffer(request: FloeBufferRequest): Uint8Array {
  return callAddon((addon) => addon.openBuffer(request));
}

/** SHA-256 of the file, and the first NaN or infinity of each float range, in one read. */
export function scanFile(request: ScanFileRequest): NativeJob<ScannedFile> {
  return startJob((addon) => addon.scanFile(request));
}

export function hashFile(request: { path: string }): NativeJob<HashedFile> {
  return startJob((addon) => addon.hashFile(request));
}

/** Writes a file from literal bytes and ranges of other files; fsynced, removed on failure. */
export function assembleFile(request: AssembleFileRequest): NativeJob<{ bytes: number }> {
  return startJob((addon) => addon.assembleFile(request));
}

/** Bytes of the file that are in memory (mincore). */
export async function residentBytes(path: string): Promise<number> {
  return startJob((addon) => addon.residentBytes(path)).result;
}

/**
 * Maps the file and reads a byte of every page, as a consumer does; resolves to the sum of those
 * bytes. The file must not shrink meanwhile.
 */
export async function touchPages(path: string): Promise<number> {
  return startJob((addon) => addon.touchPages(path)).result;
}

/** Advises the kernel about the pages of a file. Resolves to false where it does not offer that. */
export async function advise(path: string, advice: FileAdvice): Promise<boolean> {
  return startJob((addon) => addon.advise(path, advice)).result;
}

/** Keeps the file in RAM (mlock) until `unlock`, or until this process ends. */
export async function lockFile(path: string): Promise<LockedFile> {
  return startJob((addon) => addon.lockFile(path)).result;
}

/** Which of the given inodes are mapped by any process: an unlinked copy's bytes live that long. */
export async function mappedInodes(inodes: readonly InodeId[]): Promise<MappedInodes> {
  return startJob((addon) => addon.mappedInodes(inodes)).result;
}

/** The signal that this process gets when its parent dies (prctl PR_SET_PDEATHSIG); 0 for none. */
export function setParentDeathSignal(signal: number): void {
  callAddon((addon) => addon.setParentDeathSignal(signal));
}

/** No core dumps and no ptrace by the same user (prctl PR_SET_DUMPABLE 0). */
export function setNotDumpable(): void {
  callAddon((addon) => addon.setNotDumpable());
}

export function isDumpable(): boolean {
  return callAddon((addon) => addon.isDumpable());
}

export function filesystemType(path: string): 'tmpfs' | 'hugetlbfs' | 'other' {
  return callAddon((addon) => addon.filesystemType(path));
}

export function cpuFeatures(): CpuFeatures {
  return callAddon((addon) => addon.cpuFeatures());
}

/** How fast segments are sealed and opened in memory, for benchmarks. */
export async function cipherSpeed(request: CipherSpeedRequest): Promise<CipherSpeed> {
  return startJob((addon) => addon.cipherSpeed(request)).result;
}

/**
 * Loads a tokenizer once, for many texts. Splits on paragraph, sentence and word borders (crate
 * text-splitter) into chunks that the tokenizer gives no more tokens than asked.
 */
export async function loadSplitter(request: LoadSplitterRequest): Promise<NativeSplitter> {
  const splitter = await startJob((addon) => addon.loadSplitter(request)).result;
  return { split: (texts) => startJob(() => splitter.split(texts)) };
}

/** Of the code that decides where texts are split. */
export function splitterVersion(): string {
  return callAddon((addon) => addon.splitterVersion());
}
