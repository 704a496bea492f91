/** Decides which warm copies make room for a new one. Pure: no clock, no file system. */

export interface CopyState {
  contentDigest: string;
  bytes: number;
  pinned: boolean;
  /** Some process maps it: its bytes would stay, so evicting it makes no room. */
  mapped: boolean;
  /** Milliseconds since the epoch; somebody warmed it or asked for it again. */
  lastUsedAt: number;
}

export interface RoomRequest {
  copies: readonly CopyState[];
  /** Bytes that count beside the copies: evicted but still mapped, and candidates. */
  otherBytes: number;
  neededBytes: number;
  budgetBytes: number;
  /** Free bytes of the file system. */
  freeBytes: number;
  now: number;
  /** Whoever asked for a copy has this long to map it before it may go. */
  minimumResidencyMs: number;
}

export type RoomDecision =
  | { fits: true; evict: string[] }
  /** What is still short after evicting everything that may be, and why the rest may not. */
  | {
      fits: false;
      short: 'budget' | 'memory';
      shortBytes: number;
      usedBytes: number;
      pinnedBytes: number;
      mappedBytes: number;
      youngBytes: number;
    };

/** Evicts as few copies as make room, least recently used first; none when there is no way. */
export function decideRoom(request: RoomRequest): RoomDecision {
  const { copies, neededBytes } = request;
  const usedBytes = request.otherBytes + total(copies);
  const overBudget = usedBytes + neededBytes - request.budgetBytes;
  const overMemory = neededBytes - request.freeBytes;
  let short = Math.max(overBudget, overMemory, 0);
  const evict: string[] = [];
  for (const copy of copies.filter((each) => isEvictable(each, request)).sort(byUse)) {
    if (short <= 0) break;
    evict.push(copy.contentDigest);
    short -= copy.bytes;
  }
  if (short <= 0) return { fits: true, evict };
  return {
    fits: false,
    short: overBudget >= overMemory ? 'budget' : 'memory',
    shortBytes: short,
    usedBytes,
    pinnedBytes: total(copies.filter(({ pinned }) => pinned)),
    mappedBytes: total(copies.filter(({ mapped }) => mapped)),
    youngBytes: total(copies.filter((copy) => isYoung(copy, request))),
  };
}

function isEvictable(copy: CopyState, request: RoomRequest): boolean {
  return !copy.pinned && !copy.mapped && !isYoung(copy, request);
}

function isYoung(copy: CopyState, { now, minimumResidencyMs }: RoomRequest): boolean {
  return now - copy.lastUsedAt < minimumResidencyMs;
}

function byUse(a: CopyState, b: CopyState): number {
  return a.lastUsedAt - b.lastUsedAt || a.contentDigest.localeCompare(b.contentDigest);
}

function total(copies: readonly CopyState[]): number {
  return copies.reduce((sum, { bytes }) => sum + bytes, 0);
}
