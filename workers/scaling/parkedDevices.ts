import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { readJson, writeJsonAtomic } from '../../activities/platform/atomicFile.ts';

const schema = z.array(z.string());

/**
 * Devices that a scaler has drained, so that it never lends again what a person has drained. Survives
 * the supervisor, as the pool's drains do.
 */
export interface ParkedDevices {
  has(deviceId: string): boolean;
  all(): string[];
  add(deviceId: string): Promise<void>;
  remove(deviceId: string): Promise<void>;
}

export async function openParkedDevices(path: string): Promise<ParkedDevices> {
  const parked = new Set(await readJson(path, schema));
  const save = (): Promise<void> =>
    parked.size === 0 ? rm(path, { force: true }) : writeJsonAtomic(path, [...parked]);
  return {
    has: (deviceId) => parked.has(deviceId),
    all: () => [...parked],
    async add(deviceId) {
      parked.add(deviceId);
      await save();
    },
    async remove(deviceId) {
      parked.delete(deviceId);
      await save();
    },
  };
}
