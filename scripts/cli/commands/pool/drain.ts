import type { Command } from 'commander';
import type { DrainResult } from '../../../../workflows/contracts/pool/messages.ts';
import type { Registry } from '../../action.ts';
import { definePoolAction } from './poolAction.ts';

const target = 'its id or label, or the id of a host for all of its devices';

/** `pool drain` and `pool undrain`. */
export function registerDrain(registry: Registry, group: Command): void {
  const drain = group
    .command('drain')
    .description('lend a device no more')
    .argument('<device>', target)
    .option('--revoke', 'take back what holds it, with notice, instead of waiting for its end');
  definePoolAction<{ revoke?: boolean }>(
    registry,
    drain,
    async ({ pool, options }, device = '') => {
      const result = await pool.drain(device, { revoke: options.revoke === true });
      return { json: result, text: formatDrain(result) };
    },
  );
  const undrain = group
    .command('undrain')
    .description('lend a device again')
    .argument('<device>', target);
  definePoolAction(registry, undrain, async ({ pool }, device = '') => {
    const result = await pool.undrain(device);
    return { json: result, text: formatDrain(result) };
  });
}

function formatDrain({ devices }: DrainResult): string {
  return devices
    .map(({ deviceId, draining, leases }) => {
      const held = leases === 1 ? '1 lease holds it' : `${leases} leases hold it`;
      if (!draining) return `${deviceId}: is lent again`;
      return `${deviceId}: draining, ${leases === 0 ? 'nobody holds it' : held}`;
    })
    .join('\n');
}
