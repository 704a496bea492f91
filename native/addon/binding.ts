import { createRequire } from 'node:module';
import { locateAddon } from './locate.ts';
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
  OpenedFile,
  OpenFileRequest,
  ScanFileRequest,
  ScannedFile,
  SealedFile,
  SealFileRequest,
  SplitTexts,
  VerifiedFile,
  VerifyFileRequest,
} from './types.ts';

/** A job as the addon hands it out: `promise` rejects with an Error that has a `code`. */
export interface RawJob<T> {
  promise: Promise<T>;
  handle: { progress(): number; cancel(): void };
}

export interface RawSplitter {
  split(texts: readonly string[]): RawJob<SplitTexts>;
}

/** What the addon exports; sync functions throw an Error that has a `code`. */
export interface AddonBinding {
  sealFile(request: SealFileRequest): RawJob<SealedFile>;
  openFile(request: OpenFileRequest): RawJob<OpenedFile>;
  verifyFile(request: VerifyFileRequest): RawJob<VerifiedFile>;
  sealBuffer(request: FloeBufferRequest): Uint8Array;
  openBuffer(request: FloeBufferRequest): Uint8Array;
  scanFile(request: ScanFileRequest): RawJob<ScannedFile>;
  hashFile(request: { path: string }): RawJob<HashedFile>;
  assembleFile(request: AssembleFileRequest): RawJob<{ bytes: number }>;
  residentBytes(path: string): RawJob<number>;
  touchPages(path: string): RawJob<number>;
  advise(path: string, advice: FileAdvice): RawJob<boolean>;
  lockFile(path: string): RawJob<LockedFile>;
  mappedInodes(inodes: readonly InodeId[]): RawJob<MappedInodes>;
  setParentDeathSignal(signal: number): void;
  setNotDumpable(): void;
  isDumpable(): boolean;
  filesystemType(path: string): 'tmpfs' | 'hugetlbfs' | 'other';
  cpuFeatures(): CpuFeatures;
  cipherSpeed(request: CipherSpeedRequest): RawJob<CipherSpeed>;
  loadSplitter(request: LoadSplitterRequest): RawJob<RawSplitter>;
  splitterVersion(): string;
}

let loaded: AddonBinding | undefined;

/** Loaded on first use, so that importing the wrapper works before set-up has built the addon. */
export function loadAddon(): AddonBinding {
  loaded ??= createRequire(import.meta.url)(locateAddon()) as AddonBinding;
  return loaded;
}
