/** Items by time, the earliest first; equal times in no set order. */
export interface MinHeap<T> {
  push(at: number, item: T): void;
  /** Time of the earliest item; Infinity when there is none. */
  next(): number;
  pop(): T | undefined;
}

export function createMinHeap<T>(): MinHeap<T> {
  const heap: { at: number; item: T }[] = [];
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const sink = (from: number): void => {
    for (let parent = from; ; ) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < heap.length && heap[child]!.at < heap[least]!.at) least = child;
      }
      if (least === parent) return;
      swap(parent, least);
      parent = least;
    }
  };
  return {
    push(at, item) {
      heap.push({ at, item });
      for (let child = heap.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (heap[parent]!.at <= heap[child]!.at) return;
        swap(parent, child);
        child = parent;
      }
    },
    next: () => heap[0]?.at ?? Number.POSITIVE_INFINITY,
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (first && heap.length > 0) {
        heap[0] = last!;
        sink(0);
      }
      return first?.item;
    },
  };
}
