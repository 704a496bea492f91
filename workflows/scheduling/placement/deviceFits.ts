import type { Placement } from '../state.ts';
import type { PlacementDevice } from './placementIndex.ts';
import type { Task } from './task.ts';

export const wholeMilli = 1000;

/** Whether the device is of the kind that the task asks for, leaving aside what is free of it. */
export function deviceSuits(device: PlacementDevice, task: Task): boolean {
  if (task.migProfile !== (device.mig?.profile ?? null)) return false;
  // An instance of a MIG GPU has no path to any other device.
  if (device.mig && task.devices > 1) return false;
  if (task.kind !== null && task.kind !== device.kind) return false;
  if (task.deviceIds.length > 0 && !task.deviceIds.includes(device.deviceId)) return false;
  return modelMatches(device.model, task.models);
}

/** Whether one of the task's shares, or a whole device, is free there now. */
export function deviceFits(device: PlacementDevice, task: Task): boolean {
  if (!device.available || !deviceSuits(device, task)) return false;
  if (task.whole) {
    return (
      device.shares === 0 && device.freeMilli >= wholeMilli && device.memoryMib >= task.memoryMib
    );
  }
  return (
    device.maxShares > 1 &&
    device.shares < device.maxShares &&
    device.freeMilli >= task.milli &&
    device.freeMemoryMib >= task.memoryMib &&
    (device.domain === null || device.domain === task.domain)
  );
}

/** What a task takes of a device; a whole one with all its memory. */
export function shareOf(device: PlacementDevice, task: Task): Placement['devices'][number] {
  const { deviceId } = device;
  return task.whole
    ? { deviceId, milli: wholeMilli, memoryMib: device.memoryMib }
    : { deviceId, milli: task.milli, memoryMib: task.memoryMib };
}

/** By exact name or a part of it, without regard to case; an empty list matches any. */
export function modelMatches(model: string, wanted: readonly string[]): boolean {
  if (wanted.length === 0) return true;
  const name = model.toLowerCase();
  return wanted.some((part) => name.includes(part.toLowerCase()));
}
