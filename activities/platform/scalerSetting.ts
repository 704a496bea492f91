import { isAbsolute } from 'node:path';

/** BERTH_SCALER: who brings devices to the host's first pool, and takes them away. */
export type ScalerSetting = { kind: 'local' } | { kind: 'command'; path: string };

/** BERTH_SCALE: devices at least and at most. */
export interface ScaleSetting {
  min: number;
  max: number;
}

/** @returns what is wrong, as a text, or the setting */
export function parseScaler(text: string): ScalerSetting | string {
  if (text === 'local') return { kind: 'local' };
  const path = /^command:(.+)$/s.exec(text)?.[1];
  return path !== undefined && isAbsolute(path)
    ? { kind: 'command', path }
    : 'expected local, or command: and the absolute path of a program';
}

/** @returns what is wrong, as a text, or the setting */
export function parseScale(text: string): ScaleSetting | string {
  const match = /^(\d{1,6})-(\d{1,6})$/.exec(text);
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  return min <= max && max > 0
    ? { min, max }
    : 'expected the least and the most devices, such as 1-8';
}
