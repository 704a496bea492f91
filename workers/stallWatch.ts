/** Notices that a counter stands still. */
export interface StallWatch {
  /** The work moves: a new counter value, or the next step. */
  moved(): void;
  stop(): void;
}

export function createStallWatch(seconds: number, onStall: () => void): StallWatch {
  const timer = setTimeout(onStall, seconds * 1000);
  return {
    moved: () => void timer.refresh(),
    stop: () => clearTimeout(timer),
  };
}
