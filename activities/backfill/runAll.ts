/**
 * Runs a task for each item, all at once (what limits them is inside), and returns when none runs any
 * more: the first failure aborts the others' signal and is thrown, so that no work of an activity
 * outlives it.
 */
export async function runAll<T>(
  items: readonly T[],
  signal: AbortSignal,
  task: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const failures: unknown[] = [];
  const either = AbortSignal.any([signal, stop.signal]);
  await Promise.all(
    items.map((item) =>
      task(item, either).catch((error: unknown) => {
        failures.push(error);
        stop.abort(error);
      }),
    ),
  );
  signal.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
