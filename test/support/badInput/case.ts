import type { FailureType } from '../../../workflows/contracts/errors.ts';

/** What a person should be told about input of theirs that is wrong. */
export interface Complaint {
  type: FailureType;
  /** Names the file, and below the reason, as they are to appear in the one line. */
  file: string;
  reason: RegExp;
}

/** A model folder that must be refused, made of a sound one. */
export interface BadSource extends Complaint {
  what: string;
  /** Files instead of the sound ones; undefined takes away. */
  files?: Record<string, string | Uint8Array | undefined>;
  /** What files alone cannot say: links, folders, signatures. Returns more arguments. */
  prepare?(folder: string): Promise<string[] | undefined>;
  options?: string[];
}
