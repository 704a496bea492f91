/** Events by time, those of equal times in the order in which they came: a binary heap. */
export interface EventQueue<T> {
  push(at: number, event: T): void;
  /** Time of the first event; Infinity when there is none. */
  nextAt(): number;
  pop(): T | undefined;
}

interface Entry<T> {
  at: number;
  serial: number;
  event: T;
}

export function createEventQueue<T>(): EventQueue<T> {
  const heap: Entry<T>[] = [];
  let serial = 0;
  const isBefore = (a: Entry<T>, b: Entry<T>) => a.at - b.at || a.serial - b.serial;
  return {
    push(at, event) {
      serial += 1;
      heap.push({ at, serial, event });
      for (let child = heap.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (isBefore(heap[parent]!, heap[child]!) <= 0) break;
        swap(parent, child);
        child = parent;
      }
    },
    nextAt: () => heap[0]?.at ?? Infinity,
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (!first || !last || first === last) return first?.event;
      heap[0] = last;
      for (let parent = 0; ; ) {
        const left = 2 * parent + 1;
        const right = left + 1;
        if (left >= heap.length) break;
        const child = right < heap.length && isBefore(heap[right]!, heap[left]!) < 0 ? right : left;
        if (isBefore(heap[parent]!, heap[child]!) <= 0) break;
        swap(parent, child);
        parent = child;
      }
      return first.event;
    },
  };

  function swap(a: number, b: number): void {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  }
}
