import type { Resources } from '../../contracts/pool/requests.ts';
import type { PlacementIndex } from '../placement/placementIndex.ts';

/** Bounds on what may still fit, so that most of a long queue need not be placed to know. */
export interface Room {
  /** Idle devices of the host that has most, and of all hosts. */
  idleOnHost: number;
  idle: number;
  /** Free thousandths of the device that has most, and of all devices. */
  largestMilli: number;
  milli: number;
}

export function roomIn({ nodes }: PlacementIndex): Room {
  const room: Room = { idleOnHost: 0, idle: 0, largestMilli: 0, milli: 0 };
  for (const { devices } of nodes) {
    let idle = 0;
    for (const { available, shares, freeMilli } of devices) {
      if (!available) continue;
      if (shares === 0) idle += 1;
      room.milli += freeMilli;
      room.largestMilli = Math.max(room.largestMilli, freeMilli);
    }
    room.idle += idle;
    room.idleOnHost = Math.max(room.idleOnHost, idle);
  }
  return room;
}

/** false: it cannot fit. true: `place` has to tell. */
export function mayFit(room: Room, { devices, milli, spanHosts }: Resources): boolean {
  if (milli < 1000) return room.largestMilli >= milli;
  return devices <= (spanHosts ? room.idle : room.idleOnHost);
}
