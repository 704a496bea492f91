import { berthError } from '../../../workflows/contracts/errors.ts';
import type { DeviceProvider } from '../deviceProvider.ts';
import type { DeviceSharing } from '../deviceSharing.ts';

/** Devices of a kind that cannot be shared: lent whole, by what binds a worker to them. */
export function createWholeSharing({
  kind,
  bind,
}: Pick<DeviceProvider, 'kind' | 'bind'>): DeviceSharing {
  return {
    kind,
    async prepare(device, { milli }) {
      if (milli < 1000) {
        throw berthError('NoDeviceFree', `${device.label}: devices of kind ${kind} are lent whole`);
      }
      const { env } = bind(device);
      return { env, cores: device.cores, dataLimitBytes: null, cgroup: null };
    },
    usedMib: async () => null,
    quiesce: async () => undefined,
    clear: async () => undefined,
    close: async () => undefined,
  };
}
