/** An entry of a binary heap that knows where it is, so that its key may change. */
export interface Heaped {
  /** Index in its heap; −1 while in none. */
  at: number;
}

export type Before<T> = (a: T, b: T) => boolean;

export function pushToHeap<T extends Heaped>(heap: T[], entry: T, before: Before<T>): void {
  entry.at = heap.length;
  heap.push(entry);
  rise(heap, entry, before);
}

/** Puts an entry where it belongs after its key has changed. */
export function fixInHeap<T extends Heaped>(heap: T[], entry: T, before: Before<T>): void {
  rise(heap, entry, before);
  sink(heap, entry, before);
}

export function removeFromHeap<T extends Heaped>(heap: T[], entry: T, before: Before<T>): void {
  const last = heap.pop();
  const { at } = entry;
  entry.at = -1;
  if (!last || last === entry) return;
  put(heap, last, at);
  fixInHeap(heap, last, before);
}

function rise<T extends Heaped>(heap: T[], entry: T, before: Before<T>): void {
  while (entry.at > 0) {
    const parent = heap[(entry.at - 1) >> 1]!;
    if (!before(entry, parent)) return;
    swap(heap, entry, parent);
  }
}

function sink<T extends Heaped>(heap: T[], entry: T, before: Before<T>): void {
  for (;;) {
    const left = heap[2 * entry.at + 1];
    const right = heap[2 * entry.at + 2];
    const first = left && right && before(right, left) ? right : left;
    if (!first || !before(first, entry)) return;
    swap(heap, entry, first);
  }
}

function swap<T extends Heaped>(heap: T[], a: T, b: T): void {
  const { at } = a;
  put(heap, a, b.at);
  put(heap, b, at);
}

function put<T extends Heaped>(heap: T[], entry: T, at: number): void {
  heap[at] = entry;
  entry.at = at;
}
