import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPaths } from '../../../activities/platform/paths.ts';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import {
  holdLeaseWorkflowId,
  poolSignals,
  poolWorkflowId,
} from '../../../workflows/contracts/pool/messages.ts';
import { type Captured, createCapture } from '../../support/cliCapture.ts';
import { holdInput } from '../../support/pool/holdInput.ts';
import { startTestStack, type TestStack } from '../../support/stack.ts';
import { stackClient } from '../../support/stackClient.ts';

/** What people get wrong about a pool is said at once, in one line, and does not wait for ever. */

let stack: TestStack;
let capture: Awaited<ReturnType<typeof createCapture>>;

/** Teams that are in force throughout: whatever fails leaves them as they are. */
const inForce = `teams:
  nlp: { quota: { devices: 1 }, limit: { devices: 1 } }
  vision: { weight: 2 }
`;

beforeAll(async () => {
  stack = await startTestStack();
  capture = await createCapture();
  await vi.waitFor(async () => expect((await describePool()).devices).toHaveLength(2), 60_000);
  await applied(inForce);
});
afterAll(async () => {
  await capture?.remove();
  await stack?.stop();
});

const berth = (...args: string[]): Promise<Captured> => capture.runWith(stack.env, ...args);

async function describePool(): Promise<PoolDescription> {
  const { code, stdout, stderr } = await berth('pool', 'show', '--json');
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

async function apply(text: string): Promise<Captured> {
  const path = join(stack.home, 'teams.yaml');
  await writeFile(path, text);
  return berth('pool', 'teams', 'apply', path, '--json');
}

async function applied(text: string): Promise<void> {
  const { code, stdout, stderr } = await apply(text);
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';

describe('berth run refuses', () => {
  test.each([
    ['a team that the teams file does not name', ['--team', 'nobody'], 'InvalidRequest', 'nobody'],
    ['a team that is no path', ['--team', 'NLP//x'], 'InvalidRequest', '--team NLP//x'],
    ['more devices than there are', ['--gpus', '3', '--team', 'vision'], 'NoSuchDevice', '2'],
    ['more than a limit', ['--gpus', '2', '--team', 'nlp'], 'InvalidRequest', 'limit'],
    ['a model nobody has', ['--model', 'H900'], 'NoSuchDevice', 'H900'],
    ['more memory than any device has', ['--memory', '900TiB'], 'NoSuchDevice', 'MiB'],
    [
      'a link that CPUs do not have',
      ['--gpus', '2', '--links', 'nvlink', '--team', 'vision'],
      'NoSuchDevice',
      'NV',
    ],
    ['a MIG profile', ['--mig', '1g.10gb'], 'NoSuchDevice', '1g.10gb'],
    ['a kind nobody has', ['--kind', 'abacus'], 'NoSuchDevice', 'abacus'],
    ['more cores than the host has', ['--cpus', '99999'], 'NoSuchDevice', 'core'],
    ['more memory than the host has', ['--host-memory', '900TiB'], 'NoSuchDevice', 'MiB'],
    ['no devices', ['--gpus', '0'], 'InvalidRequest', '--gpus 0'],
    ['a negative number', ['--gpus=-1'], 'InvalidRequest', '--gpus -1'],
    ['an absurd number', ['--gpus', '1e99'], 'InvalidRequest', '--gpus 1e99'],
    ['not a number', ['--gpus', 'NaN'], 'InvalidRequest', '--gpus NaN'],
    ['a negative part', ['--fraction=-0.5'], 'InvalidRequest', '--fraction -0.5'],
    ['more than a whole', ['--fraction', '1.5'], 'InvalidRequest', '--fraction 1.5'],
    ['a part of several', ['--fraction', '0.5', '--gpus', '2'], 'InvalidRequest', '--fraction'],
    ['no time', ['--max-time', '0s'], 'InvalidRequest', '--max-time 0s'],
    ['a negative time', ['--max-time=-1h'], 'InvalidRequest', '--max-time -1h'],
    ['an absurd time', ['--max-time', '99999999999h'], 'InvalidRequest', '--max-time'],
    ['an absurd priority', ['--priority', '1000000'], 'InvalidRequest', '--priority 1000000'],
    ['no memory', ['--memory', '0'], 'InvalidRequest', '--memory 0'],
    ['a pool that is no name', ['--pool', '../x'], 'InvalidRequest', '--pool ../x'],
  ])('%s', async (_, options, type, named) => {
    const { code, stdout, stderr } = await berth('run', ...options, '--', 'true');
    expect(lastLine(stderr)).toMatch(new RegExp(`^error: ${type}: `));
    expect(lastLine(stderr)).toContain(named);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  test('a pool that does not exist', async () => {
    const { code, stderr } = await berth('run', '--pool', 'nowhere', '--', 'true');
    expect(lastLine(stderr)).toMatch(/^error: StackUnavailable: .*nowhere/);
    expect(code).toBe(1);
  });

  test('and nothing of it waits or holds afterwards', async () => {
    const { queue, leases } = await describePool();
    expect(queue).toEqual([]);
    expect(leases).toEqual([]);
  });
});

describe('a teams file that is wrong changes nothing', () => {
  const deep = (depth: number): string =>
    depth === 0 ? '{}' : `{ teams: { t: ${deep(depth - 1)} } }`;
  test.each([
    ['no YAML', 'teams: {\n  nlp: [', /teams\.yaml:\d+: /],
    ['a list', '- nlp\n- vision\n', /teams\.yaml:1: /],
    ['nothing', '', /teams\.yaml/],
    ['an unknown field', 'teams:\n  nlp:\n    wieght: 2\n', /teams\.yaml:3: .*wieght/],
    ['a name twice', 'teams:\n  nlp: {}\n  nlp: {}\n', /teams\.yaml:3: .*nlp/],
    ['weight 0', 'teams:\n  nlp:\n    weight: 0\n', /teams\.yaml:3: .*above 0/],
    ['a negative quota', 'teams:\n  nlp:\n    quota: { devices: -1 }\n', /teams\.yaml:3: /],
    ['an endless quota', 'teams:\n  nlp:\n    quota: { devices: .inf }\n', /teams\.yaml:3: /],
    [
      'a quota above the limit',
      'teams:\n  nlp: { quota: { devices: 2 }, limit: { devices: 1 } }\n',
      /teams\.yaml.*limit/,
    ],
    [
      'quotas of children above their parent',
      'teams:\n  nlp:\n    quota: { devices: 1 }\n    teams:\n      ann: { quota: { devices: 1 } }\n      bob: { quota: { devices: 1 } }\n',
      /teams\.yaml.*nlp/,
    ],
    ['a name that is none', 'teams:\n  "No Name": {}\n', /teams\.yaml.*No Name/],
    ['too deep a tree', `teams: { t: ${deep(8)} }\n`, /teams\.yaml/],
    [
      'a reservation for nobody',
      'teams: { nlp: {} }\nreservations:\n  r: { team: x, devices: 1, from: "22:00", to: "06:00" }\n',
      /teams\.yaml.*x/,
    ],
  ])('%s', async (_, text, message) => {
    const before = (await describePool()).teams;
    const { code, stdout, stderr } = await apply(text);
    const { error } = JSON.parse(stdout);
    expect(error.type).toBe('InvalidRequest');
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('\n');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    const { teams } = await describePool();
    const settings = ({ team, quota, limit, weight }: (typeof teams)[number]) => ({
      team,
      quota,
      limit,
      weight,
    });
    expect(teams.map(settings)).toEqual(before.map(settings));
    expect(teams.map(({ team }) => team)).toEqual(expect.arrayContaining(['nlp', 'vision']));
  });

  test('and neither does one that is not there', async () => {
    const { code, stdout } = await berth(
      'pool',
      'teams',
      'apply',
      join(stack.home, 'none'),
      '--json',
    );
    expect(JSON.parse(stdout).error.type).toBe('InvalidRequest');
    expect(code).toBe(2);
  });
});

test.each([
  [['pool', 'drain', 'cuda9'], 'cuda9'],
  [['pool', 'undrain', 'cuda9'], 'cuda9'],
  [['pool', 'drain', ''], ''],
  [['pool', 'why', 'run-unknown'], 'run-unknown'],
  [['pool', 'why', ''], ''],
  [['pool', 'what-if', '--gpus', '-1'], '-1'],
  [['pool', 'what-if', '--remove-device', 'cuda9'], 'cuda9'],
  [['pool', 'show', '--pool', 'No Name'], 'No Name'],
])('berth %j names what is wrong', async (args, named) => {
  const { code, stdout, stderr } = await berth(...args, '--json');
  const { error } = JSON.parse(stdout);
  expect(error.type).toBe('InvalidRequest');
  expect(error.message).toContain(named);
  expect(error.message).not.toContain('\n');
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(code).toBe(2);
});

test('a request that is sent twice gets one lease', async () => {
  const { client, close } = await stackClient(createPaths(stack.home, stack.shm));
  const pool = client.workflow.getHandle(poolWorkflowId('default'));
  try {
    const input = holdInput('default', { team: 'vision' });
    const { requestId } = input.request;
    const workflowId = holdLeaseWorkflowId('default', requestId);
    const hold = await client.workflow.start('holdLeaseWorkflow', {
      workflowId,
      taskQueue: 'berth',
      args: [input],
    });
    const { runId } = await hold.describe();
    const holder = { workflowId, runId };
    const own = ({ leases, queue }: PoolDescription) =>
      [...leases, ...queue].filter((entry) => entry.requestId === requestId);
    await vi.waitFor(async () => expect((await describePool()).leases).toHaveLength(1), 30_000);
    for (let again = 0; again < 2; again += 1) {
      await pool.signal(poolSignals.request, { ...input.request, holder });
    }
    // Taken in before what is asked for now: signals come before queries.
    const described = await describePool();
    expect(own(described)).toHaveLength(1);
    expect(described.totals.granted).toBe(1);
    await hold.cancel();
    await hold.result().catch(() => undefined);
    await vi.waitFor(async () => expect((await describePool()).leases).toEqual([]), 30_000);
    // One that comes late, when the lease has ended, is recognised, too.
    await pool.signal(poolSignals.request, { ...input.request, holder });
    expect(own(await describePool())).toEqual([]);
  } finally {
    await close();
  }
});

test('after all of it the pool lends as before', async () => {
  const { code } = await berth('run', '--team', 'vision', '--', 'true');
  expect(code).toBe(0);
  const { queue } = await describePool();
  expect(queue).toEqual([]);
});
