/** Reads what a message claims to be; messages are JSON of anybody who reaches the server. */
export type Fields = Record<string, unknown>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

export const isFiniteNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value);

/** A name that may be a key of a record: bounded, and nothing that every object inherits. */
export const isKey = (value: unknown, longest = 200): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= longest &&
  !(value in Object.prototype);

/** Pairs of device and epoch; what is none is left out. */
export function epochsOf(value: unknown): { deviceId: string; epoch: number }[] {
  return listOf(value).flatMap((entry) =>
    isFields(entry) && isKey(entry.deviceId) && Number.isSafeInteger(entry.epoch)
      ? [{ deviceId: entry.deviceId, epoch: Number(entry.epoch) }]
      : [],
  );
}
