import { basename } from 'node:path';
import type { DeviceRecord } from '../../../activities/devices/deviceRecords.ts';
import {
  type LeaseRequest,
  type Resources,
  wholeDevices,
} from '../../../workflows/contracts/pool/requests.ts';
import type { CheckedRunOptions } from './runOptionSchema.ts';

const mib = 2 ** 20;

export interface HostFacts {
  hostId: string;
  devices: readonly DeviceRecord[];
  defaultPool: string;
  requestId: string;
  /** Whether a path, as the command would take it, is that of a file. */
  isFile(path: string): boolean;
}

export interface RunRequest {
  pool: string;
  request: Omit<LeaseRequest, 'holder'>;
}

/**
 * The request that the options of `berth run` ask for: devices of this host only, and GPUs where
 * there are any. Of the command, only names of files get into it: arguments may be secret. Pure.
 */
export function toRunRequest(
  asked: CheckedRunOptions,
  argv: readonly string[],
  facts: HostFacts,
): RunRequest {
  const kind = asked.kind ?? preferredKind(facts.devices);
  const milli = asked.fraction ?? 1000;
  return {
    pool: asked.pool ?? facts.defaultPool,
    request: {
      requestId: facts.requestId,
      team: asked.team,
      priority: asked.priority,
      preemptible: asked.preemptible,
      restartable: asked.restartable,
      resources: resourcesAsked(asked, {
        kind,
        hosts: [facts.hostId],
        memoryMib: memoryOfPart(milli, facts.devices, kind),
      }),
      expectedSeconds: asked.expected ?? null,
      maxSeconds: asked.maxTime ?? null,
      latencyGoalMs: asked.latencyGoal ?? null,
      label: asked.label ?? labelOf(argv),
      profileKey: profileKeyOf(argv, facts.isFile),
    },
  };
}

/** What the options ask for; `otherwise` fills in for those that were not given. */
export function resourcesAsked(
  asked: CheckedRunOptions,
  otherwise: Pick<Resources, 'kind' | 'hosts' | 'memoryMib'>,
): Resources {
  return {
    ...wholeDevices(asked.devices),
    milli: asked.fraction ?? 1000,
    memoryMib: asked.memory ?? otherwise.memoryMib,
    migProfile: asked.mig ?? null,
    kind: asked.kind ?? otherwise.kind,
    models: asked.model ?? [],
    hosts: otherwise.hosts,
    link: asked.links ?? null,
    cpuMilli: Math.ceil((asked.cpus ?? 0) * 1000),
    hostMemoryMib: asked.hostMemory ?? 0,
  };
}

function preferredKind(devices: readonly DeviceRecord[]): string | null {
  if (devices.some(({ kind }) => kind === 'cuda')) return 'cuda';
  return devices.some(({ kind }) => kind === 'cpu') ? 'cpu' : null;
}

/** As much of the memory as of the compute, of the smallest device that it may get. */
function memoryOfPart(
  milli: number,
  devices: readonly DeviceRecord[],
  kind: string | null,
): number {
  if (milli === 1000) return 0;
  const sizes = devices
    .filter((device) => kind === null || device.kind === kind)
    .map(({ lendableBytes, memoryBytes }) => lendableBytes ?? memoryBytes);
  const smallest = sizes.length === 0 ? 0 : Math.min(...sizes);
  return Math.floor(((smallest / mib) * milli) / 1000);
}

/** Name of the program; what cannot be shown on one line is left out. */
function labelOf(argv: readonly string[]): string {
  const name = basename(argv[0] ?? '').replace(/\p{Cc}/gu, '');
  return name.slice(0, 80) || 'command';
}

/** The program and, of an interpreter, its script: `python:train.py`. */
export function profileKeyOf(argv: readonly string[], isFile: HostFacts['isFile']): string {
  const script = argv.slice(1).find((word) => !word.startsWith('-') && isFile(word));
  return [argv[0] ?? '', ...(script === undefined ? [] : [script])]
    .map((path) => basename(path))
    .join(':');
}
