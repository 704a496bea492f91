import { createRandom } from '../../../workflows/scheduling/placement/policies/randomNumbers.ts';
import { chooseDevices } from '../../../workflows/scheduling/topology/chooseGang.ts';
import type { Chooser } from './churn.ts';

/** Berth's own: by links. */
export const byLinks: Chooser = (free, count) => {
  const chosen = chooseDevices(free, count, null)!.deviceIds;
  return free.filter(({ deviceId }) => chosen.includes(deviceId));
};

/** What schedulers do that only count: the first free devices by index. */
export const byIndex: Chooser = (free, count) => free.slice(0, count);

export function atRandom(seed: number): Chooser {
  const random = createRandom(seed);
  return (free, count) => {
    const left = [...free];
    return Array.from({ length: count }, () => {
      const [device] = left.splice(Math.floor(random() * left.length), 1);
      return device!;
    });
  };
}
