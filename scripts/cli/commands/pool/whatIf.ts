import { type Command, Option } from 'commander';
import { findLease, findRequest } from '../../../../workers/client/pool/findRequest.ts';
import { checkRunOptions } from '../../../../workers/commands/runner/runOptionSchema.ts';
import { resourcesAsked } from '../../../../workers/commands/runner/runRequest.ts';
import { berthError } from '../../../../workflows/contracts/errors.ts';
import type {
  PoolDescription,
  WhatIfAnswer,
  WhatIfChange,
} from '../../../../workflows/contracts/pool/description.ts';
import type { LeaseRequest } from '../../../../workflows/contracts/pool/requests.ts';
import type { Registry } from '../../action.ts';
import { definePoolAction } from './poolAction.ts';

interface Flags {
  gpus?: string;
  team?: string;
  memory?: string;
  fraction?: string;
  links?: string;
  model?: string;
  kind?: string;
  mig?: string;
  cpus?: string;
  hostMemory?: string;
  expected?: string;
  priority?: string;
  request?: string;
  release: string[];
  addDevices?: string;
  like?: string;
  removeDevice: string[];
  undrain: string[];
}

export function registerWhatIf(registry: Registry, group: Command): void {
  const command = group
    .command('what-if')
    .description('whether something would start if the pool were different; changes nothing')
    .option('--gpus <n>', 'a request that asks for so many devices')
    .option('--team <path>', '… for this team')
    .option('--memory <size>', '… with such memory each')
    .option('--fraction <x>', '… for a part of one device')
    .option('--links <worst>', '… linked like this or better')
    .option('--model <names>', '… of these models')
    .option('--kind <kind>', '… of this kind')
    .option('--mig <profile>', '… as this MIG instance')
    .option('--cpus <n>', '… with so many cores')
    .option('--host-memory <size>', '… with such memory of the host')
    .option('--expected <duration>', '… for so long')
    .option('--priority <n>', '… with this priority; with --request, the priority it would have')
    .option('--request <id>', 'a request that waits, instead of a new one')
    .addOption(many('--release <lease>', 'this lease ended'))
    .option('--add-devices <n>', 'so many devices came')
    .option('--like <device>', '… like this one, by id, label or model')
    .addOption(many('--remove-device <device>', 'this device went'))
    .addOption(many('--undrain <device>', 'this device were lent again'));
  definePoolAction<Flags>(registry, command, async ({ pool, options }) => {
    const asked = newRequest(options);
    const description = await pool.describe();
    const answer = await pool.whatIf(toChange(options, asked, description));
    return { json: answer, text: formatAnswer(answer, description) };
  });
}

/** An option that may be given several times. */
function many(flags: string, description: string): Option {
  return new Option(flags, `${description}; may be repeated`)
    .default([], 'none')
    .argParser((value: string, list: string[]) => [...list, value]);
}

const ofRequest = [
  ...(['gpus', 'team', 'memory', 'fraction', 'links', 'model', 'kind', 'mig', 'cpus'] as const),
  ...(['hostMemory', 'expected'] as const),
];

function newRequest(flags: Flags): WhatIfChange['request'] {
  const given = ofRequest.filter((name) => flags[name] !== undefined);
  if (flags.request !== undefined) {
    if (given.length === 0) return undefined;
    throw berthError(
      'InvalidRequest',
      `--request ${flags.request} with --${given[0]}: give a request that waits, or a new one`,
    );
  }
  if (given.length === 0 && flags.priority === undefined) return undefined;
  const asked = checkRunOptions({
    ...Object.fromEntries(given.map((name) => [name, flags[name]])),
    team: flags.team ?? 'default',
    priority: flags.priority ?? '0',
  });
  if ((asked.fraction ?? 1000) < 1000 && asked.memory === undefined) {
    throw berthError('InvalidRequest', '--fraction without --memory: expected both, as on a GPU');
  }
  const request: Omit<LeaseRequest, 'holder'> = {
    requestId: 'what-if',
    team: asked.team,
    priority: asked.priority,
    preemptible: false,
    restartable: false,
    resources: resourcesAsked(asked, { kind: null, hosts: [], memoryMib: 0 }),
    expectedSeconds: asked.expected ?? null,
    maxSeconds: null,
    latencyGoalMs: null,
    label: 'what-if',
    profileKey: null,
  };
  return request;
}

function toChange(
  flags: Flags,
  request: WhatIfChange['request'],
  description: PoolDescription,
): WhatIfChange {
  const change: WhatIfChange = {};
  if (request) change.request = request;
  if (flags.request !== undefined) {
    change.requestId = findRequest(description, flags.request);
    if (flags.priority !== undefined) {
      const { priority } = checkRunOptions({ team: 'default', priority: flags.priority });
      change.priority = { requestId: change.requestId, priority };
    }
  }
  if (flags.release.length > 0) {
    change.release = flags.release.map((name) => findLease(description, name));
  }
  if (flags.addDevices !== undefined || flags.like !== undefined) {
    change.addDevices = addedDevices(flags, description);
  }
  const devices = (names: string[]) => names.flatMap((name) => findDevices(description, name));
  if (flags.removeDevice.length > 0) change.removeDevices = devices(flags.removeDevice);
  if (flags.undrain.length > 0) change.undrain = devices(flags.undrain);
  return change;
}

function addedDevices({ addDevices, like }: Flags, { devices }: PoolDescription) {
  const count = /^\d{1,4}$/.test(addDevices ?? '') ? Number(addDevices) : 0;
  if (count < 1 || count > 1024) {
    throw berthError(
      'InvalidRequest',
      `--add-devices ${addDevices ?? '(missing)'}: expected a number from 1 to 1024`,
    );
  }
  const found = devices.find(
    ({ deviceId, label, model }) => deviceId === like || label === like || model === like,
  );
  if (like === undefined || !found) {
    throw berthError(
      'InvalidRequest',
      `--like ${like ?? '(missing)'}: expected the id, label or model of a device; berth pool lists them`,
    );
  }
  return { like: found.deviceId, count };
}

function findDevices({ devices, pool }: PoolDescription, name: string): string[] {
  const exact = devices.filter(({ deviceId }) => deviceId === name);
  const found =
    exact.length > 0
      ? exact
      : devices.filter(({ label, hostId }) => label === name || hostId === name);
  if (found.length > 0) return found.map(({ deviceId }) => deviceId);
  throw berthError(
    'InvalidRequest',
    `device ${JSON.stringify(name)}: expected the id or label of a device, or the id of a host, of pool ${pool}; berth pool lists them`,
  );
}

function formatAnswer(answer: WhatIfAnswer, { devices }: PoolDescription): string {
  const labels = new Map(devices.map(({ deviceId, label }) => [deviceId, label]));
  const { wouldStart, started, revoked, explanation } = answer;
  const where = answer.devices.map((id) => labels.get(id) ?? id).join(', ');
  const lines: string[] = [];
  if (wouldStart === true) lines.push(`it would start, on ${where}`);
  if (wouldStart === false && explanation) {
    const waits = explanation.state === 'waiting' ? 'it would wait: ' : '';
    lines.push(`${waits}${explanation.text}`);
  }
  if (started.length > 0) lines.push(`would start: ${started.join(', ')}`);
  else if (wouldStart === null) lines.push('nothing that waits would start');
  if (revoked.length > 0) lines.push(`would be taken back, with notice: ${revoked.join(', ')}`);
  return lines.join('\n');
}
