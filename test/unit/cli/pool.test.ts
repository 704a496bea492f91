import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { runCli } from '../../../scripts/cli/run.ts';
import type { Berth } from '../../../workers/client/berth.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { releaseLease } from '../../../workflows/scheduling/events/releaseLease.ts';
import { createCapture } from '../../support/cliCapture.ts';
import { inProcessPool } from '../../support/inProcessPool.ts';
import {
  gpus,
  holding,
  noon,
  poolWith,
  reportOf,
  requestOf,
  withWaiting,
} from '../../support/poolState.ts';

const free = poolWith([reportOf('h1', gpus('h1', 3, {}, 'NV4'))]);
const share = { milli: 250, memoryMib: 10_240 };
const held = holding(
  holding(free, requestOf('train-1', { devices: 2 }, { team: 'nlp', label: 'train.py' }), [
    'h1.gpu0',
    'h1.gpu1',
  ]),
  requestOf('serve-1', share, { team: 'prod' }),
  ['h1.gpu2'],
  { share },
);
const busy = withWaiting(held, [
  requestOf('eval-1', { devices: 2 }, { label: 'eval' }),
  requestOf('eval-2', { devices: 3, link: 'NV1' }, { team: 'nlp' }),
]);

let pool = inProcessPool(busy, noon + 30_000);
let asked: (string | undefined)[] = [];
let stdout = '';
let stderr = '';
let interrupt = () => {};
let terminal: { isTTY?: boolean; rows?: number; columns?: number } = {};

beforeEach(() => {
  pool = inProcessPool(busy, noon + 30_000);
  asked = [];
  terminal = {};
});

async function run(...args: string[]): Promise<number> {
  stdout = '';
  stderr = '';
  const berth = {
    pool: (name?: string) => {
      asked.push(name);
      return pool;
    },
    close: async () => undefined,
  } as Partial<Berth> as Berth;
  return runCli(['pool', ...args], {
    env: {},
    stdout: { ...terminal, write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    connect: async () => berth,
    onInterrupt: (listener) => {
      interrupt = listener;
      return () => undefined;
    },
    confirm: async () => undefined,
  });
}

describe('berth pool', () => {
  it('shows devices, what is free of them, leases and the queue with places', async () => {
    expect(await run()).toBe(0);
    expect(stdout).toBe(
      [
        'pool test: 0 of 3 devices free, 2 leases, 2 waiting',
        '',
        'device  model        state   free            of        held by',
        'cuda0   NVIDIA A100  lent    -               39.1 GiB  nlp: train.py',
        'cuda1   NVIDIA A100  lent    -               39.1 GiB  nlp: train.py',
        'cuda2   NVIDIA A100  shared  75 %, 29.1 GiB  39.1 GiB  prod: serve-1',
        '',
        'lease    team  what      devices       worst link  for',
        'train-1  nlp   train.py  cuda0, cuda1  NV4         30.0 s',
        'serve-1  prod  -         cuda2         -           30.0 s',
        '',
        'place  request  team     what  wants           waits',
        '    1  eval-1   default  eval  2 devices       30.0 s',
        '    2  eval-2   nlp      -     3 devices, NV1  30.0 s',
        '',
      ].join('\n'),
    );
    expect(asked).toEqual([undefined]);
  });

  it('takes the pool by name, and prints one JSON document', async () => {
    expect(await run('show', '--pool', 'night', '--json')).toBe(0);
    expect(asked).toEqual(['night']);
    expect(JSON.parse(stdout)).toMatchObject({ pool: 'test', devices: [{}, {}, {}] });
  });

  it('says that no host has reported', async () => {
    pool = inProcessPool(poolWith([]), noon);
    await run();
    expect(stdout).toMatch(/no host has reported yet\n$/);
  });
});

describe('berth pool why', () => {
  it('says why in one line, and the reasons one by one', async () => {
    expect(await run('why', 'eval-2')).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(
      /^request eval-2 of team nlp wants 3 devices linked by NV1 or better, place 2 of 2: 0 of 3 suitable devices wanted are free; held by nlp 2, prod 1; ahead of it: eval-1 \(default, eval\)$/,
    );
    expect(lines.slice(1)).toEqual([
      '  0 of 3 suitable devices wanted are free; held by nlp 2, prod 1',
      '  ahead of it: eval-1 (default, eval)',
    ]);
  });

  it.each([
    ['train-1', 'train-1'],
    ['work/eval-1', 'eval-1'],
    ['tr', 'train-1'],
    ['work/s', 'serve-1'],
  ])('finds %s', async (name, requestId) => {
    expect(await run('why', name, '--json')).toBe(0);
    expect(JSON.parse(stdout).requestId).toBe(requestId);
  });

  it.each([
    ['eval', /"eval" in pool test: may be eval-1, eval-2; name one of them/],
    ['nothing', /"nothing" in pool test: expected the id of a request, a lease or its workflow/],
    ['', /"" in pool test: expected the id/],
  ])('refuses %j', async (name, message) => {
    expect(await run('why', name)).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });
});

describe('berth pool what-if', () => {
  it.each([
    [['--gpus', '2'], /^it would wait: request what-if of team default wants 2 devices/],
    [['--fraction', '0.5', '--memory', '20GiB', '--team', 'prod'], /^it would start, on cuda2\n$/],
    [['--gpus', '9'], /^it would be refused: 9 devices/],
    [['--release', 'train'], /^would start: eval-1\n$/],
    [['--request', 'eval-2', '--release', 'train-1', '--release', 'serve-1'], /^it would wait: /],
    [['--add-devices', '2', '--like', 'cuda0'], /^would start: eval-1\n$/],
    [['--undrain', 'cuda1'], /^nothing that waits would start\n$/],
    [['--remove-device', 'h1'], /^nothing that waits would start\n$/],
  ])('%j', async (args, answer) => {
    expect(await run('what-if', ...args)).toBe(0);
    expect(stdout).toMatch(answer);
    expect(pool.state).toBe(busy);
  });

  it('tries another priority', async () => {
    pool = inProcessPool(
      withWaiting(holding(free, requestOf('a'), ['h1.gpu0']), [
        requestOf('first', { devices: 2 }),
        requestOf('second', { devices: 2 }),
      ]),
      noon,
    );
    expect(await run('what-if', '--request', 'second', '--priority', '5', '--json')).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ wouldStart: true, started: ['second'] });
  });

  it.each([
    [['--gpus', 'two'], /--gpus two: expected a whole number/],
    [['--fraction', '0.5'], /--fraction without --memory: expected both/],
    [['--request', 'eval-1', '--gpus', '2'], /--request eval-1 with --gpus: give a request that/],
    [['--request', 'eval-1', '--priority', 'x'], /--priority x: expected a whole number/],
    [['--release', 'eval-1'], /"eval-1" in pool test: expected the id/],
    [['--add-devices', '2'], /--like \(missing\): expected the id, label or model/],
    [['--add-devices', '0', '--like', 'cuda0'], /--add-devices 0: expected a number from 1/],
    [['--like', 'cuda0'], /--add-devices \(missing\): expected a number/],
    [['--remove-device', 'cuda9'], /device "cuda9": expected the id or label/],
  ])('%j is refused', async (args, message) => {
    expect(await run('what-if', ...args)).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('berth pool drain and undrain', () => {
  it('says what still holds the device', async () => {
    expect(await run('drain', 'cuda0')).toBe(0);
    expect(stdout).toBe('h1.gpu0: draining, 1 lease holds it\n');
    expect(pool.state.devices['h1.gpu0']?.draining).toBe(true);
    expect(pool.state.leases['train-1']?.asked).toBeUndefined();
    expect(await run('undrain', 'h1', '--json')).toBe(0);
    expect(JSON.parse(stdout).devices).toHaveLength(3);
    expect(pool.state.devices['h1.gpu0']?.draining).toBe(false);
  });

  it('takes back what holds it when told so', async () => {
    expect(await run('drain', 'cuda0', '--revoke')).toBe(0);
    expect(pool.state.leases['train-1']?.asked?.reason).toBe('drained');
  });

  it('refuses what is no device', async () => {
    expect(await run('drain', 'cuda9', '--json')).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      error: {
        type: 'InvalidRequest',
        message: expect.stringMatching(/^device "cuda9": expected the id or label/),
      },
    });
  });
});

describe('berth pool teams', () => {
  let capture: Awaited<ReturnType<typeof createCapture>>;
  beforeAll(async () => {
    capture = await createCapture();
  });
  afterAll(() => capture.remove());

  it('applies a file and shows what it says', async () => {
    const file = join(packageRoot(), 'docs', 'teams.yaml');
    expect(await run('teams', 'apply', file)).toBe(0);
    expect(stdout).toBe(`${file}: 3 top-level teams and 2 reservations applied\n`);
    expect(await run('teams')).toBe(0);
    expect(stdout).toMatch(/^research +6 devices, 480 GiB +12 devices +2 +- +0.0 % +0.00 +0$/m);
    expect(stdout).toMatch(/^nlp +- +- +1 +2 devices, 78.1 GiB +66.7 %/m);
    expect(stdout).toMatch(
      /^nightly +research\/nlp +4 +H100, A100 +22:00 to 06:00, mon tue wed thu fri$/m,
    );
    expect(stdout).toMatch(/^launch +serving +8 +any +2026-12-01 08:00 to 2026-12-03 20:00$/m);
    expect(stdout).toMatch(/^model +EUR per device and hour\nH100 +2\.5\nA100 +1\.2$/m);
    expect(await run('teams', 'show', '--json')).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      teams: expect.arrayContaining([expect.objectContaining({ team: 'research/nlp/ann' })]),
      reservations: [{ reservationId: 'nightly', team: 'research/nlp' }, {}],
      prices: { H100: 2.5, A100: 1.2 },
      currency: 'EUR',
    });
  });

  it('says no word of reservations and prices that do not exist', async () => {
    expect(await run('teams')).toBe(0);
    expect(stdout).not.toMatch(/reservation|per device/);
  });

  it('changes nothing when the file is wrong', async () => {
    const file = join(capture.home, 'teams.yaml');
    await writeFile(file, 'teams:\n  nlp:\n    weight: -1\n');
    expect(await run('teams', 'apply', file)).toBe(2);
    expect(stderr).toBe(`error: ${file}:3: teams.nlp.weight: -1: expected a number above 0\n`);
    expect(pool.state).toBe(busy);
  });
});

describe('berth pool watch', () => {
  /** Calls back at each look at the pool, the first included. */
  function atLook(act: (look: number) => void): void {
    const { describe } = pool;
    pool.describe = async () => {
      act(pool.looks + 1);
      return describe();
    };
  }

  it('prints what changes, a line each, until Ctrl-C', async () => {
    atLook((look) => {
      if (look === 2)
        pool.state = releaseLease(pool.state, { leaseId: 'train-1', cleared: [] }, noon);
      if (look === 4) interrupt();
    });
    expect(await run('watch', '--interval', '0.01')).toBe(0);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ')[1]);
    expect(lines).toEqual([
      'cuda0 is lent',
      'cuda1 is lent',
      'cuda2 is shared',
      'lease train-1 of nlp on h1.gpu0, h1.gpu1',
      'lease serve-1 of prod on h1.gpu2',
      'request eval-1 of default waits in place 1: 2 devices',
      'request eval-2 of nlp waits in place 2: 3 devices, NV1',
      'cuda0 is clearing',
      'cuda1 is clearing',
      'lease train-1 has ended',
    ]);
  });

  it('prints JSON lines, and goes on when the pool is away for a while', async () => {
    atLook((look) => {
      if (look === 2) {
        pool.looks += 1;
        throw berthError('StackUnavailable', 'pool test is not running');
      }
      if (look === 3) interrupt();
    });
    expect(await run('watch', '--interval', '0.01', '--json')).toBe(0);
    const changes = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(changes).toHaveLength(7);
    expect(changes[0]).toEqual({
      at: '2026-04-01T12:00:30.000Z',
      what: 'device',
      id: 'h1.gpu0',
      text: 'cuda0 is lent',
    });
    expect(stderr).toBe('pool test is not running\n');
  });

  it('redraws a terminal, no wider or higher than it is', async () => {
    terminal = { isTTY: true, rows: 6, columns: 40 };
    atLook((look) => look === 2 && interrupt());
    expect(await run('watch', '--interval', '0.01')).toBe(0);
    const screens = stdout.split('\x1b[1;1H\x1b[0J').slice(1);
    expect(screens.length).toBeGreaterThanOrEqual(2);
    for (const screen of screens) {
      const lines = screen.trimEnd().split('\n');
      expect(lines[0]).toBe('pool test: 0 of 3 devices free, 2 lease');
      expect(lines.length).toBeLessThanOrEqual(5);
      expect(lines.every((line) => line.length < 40)).toBe(true);
    }
  });

  it.each(['0', '-1', 'x', '1e9'])('refuses an interval of %s', async (interval) => {
    expect(await run('watch', `--interval=${interval}`)).toBe(2);
    expect(stderr).toMatch(/--interval ".*": expected seconds from 0.01 to 3600/);
  });

  it('fails when there is no pool at first', async () => {
    atLook(() => {
      throw berthError('StackUnavailable', 'pool test is not running: run berth up');
    });
    expect(await run('watch')).toBe(1);
    expect(stderr).toBe('error: pool test is not running: run berth up\n');
  });
});
