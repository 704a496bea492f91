import type { WaitReason } from '../../contracts/pool/description.ts';
import type { Resources } from '../../contracts/pool/requests.ts';

type Texts = {
  [T in WaitReason['token']]: (reason: Extract<WaitReason, { token: T }>, now: number) => string;
};

/** A reason as a person reads it, without a full stop. */
export function reasonText(reason: WaitReason, now: number): string {
  const text = texts[reason.token] as (reason: WaitReason, now: number) => string;
  return text(reason, now);
}

/** `4 devices linked by NV1`, `0.25 of a device and 10000 MiB of its memory`. */
export function wishText(resources: Resources): string {
  const { devices, milli, memoryMib, link, models, migProfile } = resources;
  const model = models.length > 0 ? ` of model ${models.join(' or ')}` : '';
  if (migProfile !== null) return `a MIG instance ${migProfile}${model}`;
  if (milli < 1000) return `${milli / 1000} of a device${model} and ${memoryMib} MiB of its memory`;
  const linked = link !== null && devices > 1 ? ` linked by ${link} or better` : '';
  return `${count(devices, 'device')}${model}${linked}`;
}

const count = (number: number, what: string): string =>
  `${number} ${what}${number === 1 ? '' : 's'}`;

/** People count devices and cores, the scheduler thousandths of them. */
const units = {
  milli: { size: 1000, name: 'devices' },
  memoryMib: { size: 1, name: 'MiB of device memory' },
  cpuMilli: { size: 1000, name: 'cores' },
  hostMemoryMib: { size: 1, name: 'MiB of host memory' },
};
const hostUnits = { cpu: units.cpuMilli, memory: units.hostMemoryMib };

const texts: Texts = {
  'ahead-in-queue': ({ position, ahead }) => {
    const names = ahead.map(({ requestId, team, label }) =>
      label === '' ? `${requestId} (${team})` : `${requestId} (${team}, ${label})`,
    );
    const more = position - 1 - ahead.length;
    return `ahead of it: ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
  },
  'team-limit': ({ team, resource, limit, used, wanted }) => {
    const { size, name } = units[resource];
    return `team ${team} uses ${used / size} of its limit of ${limit / size} ${name}, and ${wanted / size} more are wanted`;
  },
  'over-quota': ({ team, quota, used, share, smallestShare }) =>
    `team ${team} uses ${count(used / 1000, 'device')}, its quota is ${quota / 1000}; its share is ${percent(share)}, the smallest of those who wait ${percent(smallestShare)}`,
  busy: ({ freeDevices, wanted, heldBy }) => {
    const holders = heldBy.map(({ team, devices }) => `${team} ${devices}`).join(', ');
    return `${freeDevices} of ${count(wanted, 'suitable device')} wanted ${freeDevices === 1 ? 'is' : 'are'} free${holders === '' ? '' : `; held by ${holders}`}`;
  },
  fragmented: ({ freeMilli, freeDevices, wanted, best }) =>
    wanted > 1
      ? `${freeDevices} suitable devices are free, but no host has ${wanted}: the best, ${best.hostId}, has ${best.devices}`
      : `${count(freeMilli / 1000, 'device')} free in pieces: the best, on ${best.hostId}, has ${best.milli / 1000} and ${best.memoryMib} MiB`,
  'no-such-model': ({ models, present }) =>
    present.length === 0
      ? 'no host with devices has reported yet'
      : `no device is ${models.join(' or ')} at present: there is ${present.join(', ')}`,
  memory: ({ wantedMib, largestFreeMib }) =>
    `${wantedMib} MiB of one device are wanted, ${largestFreeMib} are free at most`,
  'host-resources': ({ resource, wanted, largestFree }) => {
    const { size, name } = hostUnits[resource];
    return `${wanted / size} ${name} are wanted, hosts with such devices have ${largestFree / size} free at most`;
  },
  links: ({ wanted, best, largestGroup }) =>
    `free devices are linked by ${best ?? 'unknown links'} at best: ${wanted} or better joins ${largestGroup} of them`,
  'shares-full': ({ maxShares, deviceId }) =>
    `${deviceId} has room, but is shared by ${maxShares} leases, the most that it takes`,
  trust: ({ team, domains }) =>
    `team ${team} may not share a device with ${domains.map(domainText).join(', ')}`,
  reserved: ({ reservationId, team, until, devices }) =>
    `${count(devices, 'device')} kept for reservation ${reservationId} of team ${team} until ${new Date(until).toISOString()}`,
  draining: ({ devices }) => `${count(devices, 'suitable device')} draining`,
  clearing: ({ devices }) => `${count(devices, 'device')} not yet cleared by the lease before`,
  'host-lapsed': ({ hosts, devices }) =>
    `${count(devices, 'suitable device')} on ${count(hosts, 'host')} that ${hosts === 1 ? 'is' : 'are'} silent`,
  'waiting-for-victims': ({ leases, until }, now) =>
    `its place is being emptied of ${leases.join(', ')}, ${inTime(until, now)} at the latest`,
  'backfill-refused': ({ endsAt, neededAt, by }, now) => {
    const ends =
      endsAt === null ? 'nobody knows when it would end' : `it would end ${inTime(endsAt, now)}`;
    const needed = neededAt === null ? 'kept' : `needed ${inTime(neededAt, now)}`;
    return `what is free is ${needed} for ${by}, and ${ends}`;
  },
  'estimated-start': ({ at }, now) => `estimated start ${inTime(at, now)}`,
};

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** `team:nlp` → `team nlp`; `clearing` is nobody's. */
function domainText(domain: string): string {
  const [kind, name] = domain.split(':');
  if (name === undefined) return 'a lease that is not cleared yet';
  return kind === 'team' ? `team ${name}` : `trust domain ${name}`;
}

/** `in 5 s`, `in 12 min`, `in 3 h 05 min`. */
function inTime(at: number, now: number): string {
  const seconds = Math.max(0, Math.ceil((at - now) / 1000));
  if (seconds < 120) return `in ${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `in ${minutes} min`;
  return `in ${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
