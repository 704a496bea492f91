import { schedule as decide } from '../../../workflows/scheduling/schedule.ts';
import type { Decision, PoolState } from '../../../workflows/scheduling/state.ts';

/** Decides as another version does: it lends no device that is called cuda0. */
export function schedule(state: PoolState, now: number): Decision {
  const closed = Object.values(state.devices).filter(({ label }) => label === 'cuda0');
  const marked = (draining: (device: PoolState['devices'][string]) => boolean) =>
    Object.fromEntries(
      closed.map((device) => [device.deviceId, { ...device, draining: draining(device) }]),
    );
  const decision = decide({ ...state, devices: { ...state.devices, ...marked(() => true) } }, now);
  const devices = { ...decision.state.devices };
  for (const { deviceId, draining } of closed) {
    const device = devices[deviceId];
    if (device) devices[deviceId] = { ...device, draining };
  }
  return { ...decision, state: { ...decision.state, devices } };
}
