import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';

const inputSchema = z.object({
  lease: z.object({
    devices: z.array(z.object({ deviceId: z.string(), epoch: z.number().int() })),
  }),
});

export interface WorkReport {
  /** Counts activities by the epoch that they carry. */
  interceptor: ActivityInterceptorsFactory;
  /** Epoch of the bridge that runs; null for none. */
  bridge(epoch: number | null): void;
}

/**
 * Knows under which epochs a device is at work, so that the host's heartbeat renews their leases.
 * @param tell called at every change
 */
export function createWorkReport(deviceId: string, tell: (epochs: number[]) => void): WorkReport {
  const running: number[] = [];
  let bridgeEpoch: number | null = null;
  let told = '';

  const changed = (): void => {
    const epochs = [...new Set([...running, ...(bridgeEpoch === null ? [] : [bridgeEpoch])])];
    const text = epochs.join();
    if (text === told) return;
    told = text;
    tell(epochs);
  };

  return {
    interceptor: () => ({
      inbound: {
        async execute(input, next) {
          const epoch = epochOf(input.args[0], deviceId);
          if (epoch === undefined) return next(input);
          running.push(epoch);
          changed();
          try {
            return await next(input);
          } finally {
            running.splice(running.indexOf(epoch), 1);
            changed();
          }
        },
      },
    }),
    bridge(epoch) {
      bridgeEpoch = epoch;
      changed();
    },
  };
}

function epochOf(input: unknown, deviceId: string): number | undefined {
  const devices = inputSchema.safeParse(input).data?.lease.devices ?? [];
  return devices.find((device) => device.deviceId === deviceId)?.epoch;
}
