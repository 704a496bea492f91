import { berthError } from '../../../workflows/contracts/errors.ts';
import type { DeviceShare } from '../deviceSharing.ts';

/**
 * Environment of a client within its share (NVIDIA MPS guide). The daemon shows its clients one GPU,
 * so that ordinal 0 is that one. Both values only ever tighten the server's; they hold for each
 * process by itself and for its whole life. Pure.
 */
export function shareEnvironment(
  deviceId: string,
  share: DeviceShare,
  pipe: string,
): Record<string, string> {
  return {
    CUDA_VISIBLE_DEVICES: deviceId,
    CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
    CUDA_MPS_PIPE_DIRECTORY: pipe,
    CUDA_MPS_PINNED_DEVICE_MEM_LIMIT: `0=${memoryLimitMib(share)}M`,
    CUDA_MPS_ACTIVE_THREAD_PERCENTAGE: String(threadPercentage(share)),
  };
}

/**
 * Limits for clients that set none of their own, such as a child with a cleaned environment: the
 * largest share at present. Pure.
 */
export function serverLimits(shares: readonly DeviceShare[]): {
  memoryMib: number;
  percentage: number;
} {
  return {
    memoryMib: Math.max(...shares.map(memoryLimitMib)),
    percentage: Math.max(...shares.map(threadPercentage)),
  };
}

/** Commands that set the limits of servers to come (`servers` empty) and of those at work. Pure. */
export function limitCommands(
  shares: readonly DeviceShare[],
  servers: readonly number[],
): string[] {
  if (shares.length === 0) return [];
  const { memoryMib, percentage } = serverLimits(shares);
  return [
    `set_default_device_pinned_mem_limit 0 ${memoryMib}M`,
    `set_default_active_thread_percentage ${percentage}`,
    ...servers.flatMap((server) => [
      `set_device_pinned_mem_limit ${server} 0 ${memoryMib}M`,
      `set_active_thread_percentage ${server} ${percentage}`,
    ]),
  ];
}

/** @throws BerthError InvalidRequest for what MPS cannot lend as a part of a GPU */
export function checkShare(label: string, deviceId: string, share: DeviceShare): void {
  if (deviceId.startsWith('MIG-')) {
    throw berthError(
      'NoSuchDevice',
      `${label}: a MIG instance is lent whole only; ask for the whole instance, or for a part of a GPU that is not cut into instances`,
    );
  }
  if (share.milli >= 1000 || share.milli < 1 || share.memoryMib < 1) {
    throw berthError(
      'InvalidRequest',
      `${label}: a share of ${share.milli} thousandths and ${share.memoryMib} MiB, expected 1 to 999 and at least 1 MiB`,
    );
  }
}

const memoryLimitMib = (share: DeviceShare): number => Math.floor(share.memoryMib);

const threadPercentage = (share: DeviceShare): number => Math.max(1, Math.floor(share.milli / 10));
