/**
 * Group commit: whoever waits gets a flush that began after it asked, and all who ask while one is
 * under way share the next.
 * @param flush of a collection, told one of its objects
 */
export function createSharedFlush(
  flush: (physical: string, id: string) => Promise<void>,
): (physical: string, id: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();

  const begin = (physical: string, id: string): Promise<void> => {
    const flushed = flush(physical, id).finally(() => {
      if (running.get(physical) === flushed) running.delete(physical);
    });
    running.set(physical, flushed);
    return flushed;
  };

  return (physical, id) => {
    const current = running.get(physical);
    if (current === undefined) return begin(physical, id);
    const joined = waiting.get(physical);
    if (joined !== undefined) return joined;
    const next = () => {
      waiting.delete(physical);
      return begin(physical, id);
    };
    const shared = current.then(next, next);
    waiting.set(physical, shared);
    return shared;
  };
}
