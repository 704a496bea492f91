import type { ClearedMessage } from '../../contracts/pool/messages.ts';
import { lookup } from '../lookup.ts';
import type { PoolState } from '../state.ts';
import { clearShares } from './clearShares.ts';
import { epochsOf } from './untrusted.ts';

/** The host vouches that an ended lease's epoch is over on its device, which may be lent again. */
export function clearDevice(state: PoolState, message: ClearedMessage, _now: number): PoolState {
  const device = lookup(state.devices, message?.deviceId);
  if (device === undefined || device.hostId !== message.hostId) return state;
  return clearShares(state, epochsOf([message]));
}
