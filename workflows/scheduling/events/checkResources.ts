import type { Resources } from '../../contracts/pool/requests.ts';
import { type Check, checked, integer, listOfTexts, nullable, text } from './checks.ts';
import { isFields } from './untrusted.ts';

/** 1 PiB: what no device or host has. */
const maxMib = 2 ** 30;

const checks: Record<keyof Resources, Check> = {
  devices: integer(1, 1024),
  milli: integer(1, 1000, 'thousandths of a device'),
  memoryMib: integer(0, maxMib, 'whole MiB'),
  migProfile: nullable(text(1, 64)),
  kind: nullable(text(1, 64)),
  models: listOfTexts(64),
  hosts: listOfTexts(256),
  deviceIds: listOfTexts(1024),
  link: nullable({
    expected: 'NV1 to NV999, PIX, PXB, PHB, NODE or SYS',
    holds: (value) =>
      typeof value === 'string' && /^(NV[1-9]\d{0,2}|PIX|PXB|PHB|NODE|SYS)$/.test(value),
  }),
  spanHosts: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  cpuMilli: integer(0, 1e8, 'thousandths of a core'),
  hostMemoryMib: integer(0, maxMib, 'whole MiB'),
};

/** @returns the resources, or one line that says what is wrong with which field or pair of them */
export function checkResources(value: unknown): { value: Resources } | { problem: string } {
  if (!isFields(value)) return { problem: 'resources: expected an object; see Resources' };
  const fields = checked<Resources>(value, checks);
  if ('problem' in fields) return { problem: `resources.${fields.problem}` };
  const problem = contradiction(fields.value);
  return problem === undefined ? fields : { problem };
}

function contradiction({ devices, milli, migProfile, deviceIds, memoryMib }: Resources) {
  if (milli < 1000 && devices > 1) {
    return `resources: ${devices} devices of ${milli} thousandths each: expected one device for a fraction; ask for whole devices`;
  }
  if (milli < 1000 && memoryMib === 0) {
    return 'resources.memoryMib 0: expected the MiB to reserve of the device for a fraction';
  }
  if (migProfile !== null && (devices > 1 || milli < 1000)) {
    return `resources: MIG profile ${migProfile} with ${devices} devices of ${milli} thousandths: expected one whole instance; MIG instances join no gang`;
  }
  if (deviceIds.length > 0 && new Set(deviceIds).size < devices) {
    return `resources.deviceIds: ${new Set(deviceIds).size} named for ${devices} devices: expected at least as many`;
  }
  return undefined;
}
