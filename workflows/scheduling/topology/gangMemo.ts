import type { LinkedDevice } from './linkRank.ts';

/**
 * Remembers what was computed for the same devices: a scheduler asks for the same hosts again and
 * again. Devices are the same when their ids, fabrics and the very objects of their links are; a
 * report brings new ones. Results do not depend on what is remembered. `capacity` in answers.
 */
export function createGangMemo<T>(capacity: number) {
  const numbers = new WeakMap<object, number>();
  const answers = new Map<string, T>();
  let next = 1;

  const numberOf = (links: object): number => {
    let number = numbers.get(links);
    if (number === undefined) {
      number = next++;
      numbers.set(links, number);
    }
    return number;
  };

  return (devices: readonly LinkedDevice[], question: string, compute: () => T): T => {
    let key = question;
    for (const { deviceId, links, fabric, mig } of devices) {
      const domain = fabric === null ? '' : `${fabric.clusterUuid}/${fabric.cliqueId}`;
      key += `\n${deviceId} ${numberOf(links)} ${mig ? 'mig' : domain}`;
    }
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = compute();
    if (answers.size >= capacity) answers.clear();
    answers.set(key, answer);
    return answer;
  };
}
