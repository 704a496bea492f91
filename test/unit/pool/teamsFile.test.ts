import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { parseTeams, readTeamsFile } from '../../../workers/pool/teamsFile.ts';
import { BerthError } from '../../../workflows/contracts/errors.ts';

const plain = { quota: {}, limit: {}, weight: 1, trustDomain: null, children: {} };

describe('docs/teams.yaml', () => {
  const example = join(packageRoot(), 'docs', 'teams.yaml');

  it('says what its comments say', async () => {
    const config = await readTeamsFile(example);
    expect(config.teams.research).toEqual({
      quota: { milli: 6_000, memoryMib: 480 * 1024 },
      limit: { milli: 12_000 },
      weight: 2,
      trustDomain: null,
      children: {
        nlp: {
          ...plain,
          quota: { milli: 4_000, memoryMib: 320 * 1024 },
          children: { ann: plain, bob: plain },
        },
        vision: {
          ...plain,
          quota: { milli: 2_000 },
          limit: { milli: 6_000, cpuMilli: 48_000, hostMemoryMib: 512 * 1024 },
        },
      },
    });
    expect(config.teams.serving).toEqual({
      ...plain,
      quota: { milli: 2_500 },
      trustDomain: 'production',
    });
    expect(config.teams.batch).toEqual({ ...plain, weight: 0.5, trustDomain: 'production' });
    expect(config.reservations).toEqual([
      {
        reservationId: 'nightly',
        team: 'research/nlp',
        devices: 4,
        models: ['H100', 'A100'],
        window: { kind: 'weekly', days: [1, 2, 3, 4, 5], fromMinute: 22 * 60, toMinute: 6 * 60 },
      },
      {
        reservationId: 'launch',
        team: 'serving',
        devices: 8,
        models: [],
        window: {
          kind: 'once',
          from: Date.UTC(2026, 11, 1, 8),
          to: Date.UTC(2026, 11, 3, 20),
        },
      },
    ]);
    expect(config.prices).toEqual({ H100: 2.5, A100: 1.2 });
    expect(config.currency).toBe('EUR');
  });

  it.each([
    ['weight: 2', 'weight: 0', /^t.yaml:13: teams.research.weight: 0: expected a number above 0$/],
    [
      'devices: 12',
      'devices: 5',
      /^t.yaml:9: teams.research.quota.devices: expected at most its limit of 5 devices, not 6 devices$/,
    ],
    [
      'quota: { devices: 2 }',
      'quota: { devices: 3 }',
      /^t.yaml:9: teams.research.quota.devices: the teams in it have 7 devices as quota, more than its own 6/,
    ],
    [
      'team: research/nlp',
      'team: research/nlq',
      /^t.yaml:35: reservations.nightly.team: "research\/nlq": expected a team of this file$/,
    ],
    [
      'memory: 480GiB',
      'memory: 480',
      /^t.yaml:9: teams.research.quota.memory: 480: expected a size such as 80GiB/,
    ],
    ['memory: 480GiB', 'memory: "480"', /quota.memory: "480": expected a size/],
    ['memory: 480GiB', 'memory: lots', /quota.memory: "lots": expected a size/],
    ['weight: 2', 'wieght: 2', /^t.yaml:13: teams.research.wieght: no such field$/],
    [
      'devices: 2.5',
      'devices: -1',
      /^t.yaml:25: teams.serving.quota.devices: -1: expected a number of devices, 0 or more$/,
    ],
    [
      'devices: 2.5',
      'devices: .nan',
      /teams.serving.quota.devices: .*expected a number of devices/,
    ],
    ['bob:', 'ann:', /^t.yaml:20: ann is there twice: expected it once$/],
    ['bob:', 'Bob Smith:', /^t.yaml:20: teams.research.teams.nlp.teams.Bob Smith: expected a name/],
    [
      'days: [mon, tue',
      'days: [monday, tue',
      /^t.yaml:38: reservations.nightly.days.0: "monday": expected one of sun, mon/,
    ],
    [
      'from: "22:00"',
      'from: "25:00"',
      /^t.yaml:39: reservations.nightly.from: "25:00": expected a time such as/,
    ],
    [
      'to: "06:00"',
      'to: "2026-01-01T00:00Z"',
      /^t.yaml:40: reservations.nightly.to: .*expected a time of the day/,
    ],
    [
      'to: "06:00"',
      'to: "22:00"',
      /^t.yaml:40: reservations.nightly.to: expected another time of the day/,
    ],
    [
      '2026-12-03T20:00Z',
      '2026-11-03T20:00Z',
      /^t.yaml:45: reservations.launch.to: expected a time after/,
    ],
    [
      '    devices: 8\n',
      '',
      /^t.yaml:41: reservations.launch.devices is missing: expected a number/,
    ],
    ['H100: 2.5', 'H100: -2.5', /^t.yaml:49: prices.H100: -2.5: expected money/],
    ['currency: EUR', 'currency: euros', /^t.yaml:51: currency: "euros": expected three letters/],
    ['currency: EUR', 'currency: [EUR', /^t.yaml:5\d: .*must be sufficiently/],
    [
      'teams:\n  research',
      'groups:\n  research',
      /^t.yaml:\d+: teams is missing: expected teams by name$/,
    ],
  ])('with %j as %j is refused', async (from, to, message) => {
    const text = await readFile(example, 'utf8');
    expect(text).toContain(from);
    const broken = () => parseTeams(text.replace(from, to), 't.yaml');
    expect(broken).toThrow(message);
    expect(broken).toThrow(BerthError);
    try {
      broken();
    } catch (error) {
      expect((error as BerthError).type).toBe('InvalidRequest');
      expect((error as BerthError).message).not.toContain('\n');
    }
  });
});

describe('odd files', () => {
  it.each([
    ['', /^t.yaml:1: null: expected teams, reservations/],
    ['teams: [a, b]', /^t.yaml:1: teams: \["a","b"\]: expected teams by name/],
    ['- teams', /^t.yaml:1: \["teams"\]: expected teams/],
    ['\u0000', /^t.yaml:1: /],
    ['teams: {constructor: {}}', /^t.yaml:1: teams.constructor: expected a name/],
    ['teams: {a: {quota: 4}}', /^t.yaml:1: teams.a.quota: 4: expected devices, memory/],
    ['teams: {a: 4}', /^t.yaml:1: teams.a: 4: expected a team's settings/],
    [`teams: ${'{a: {teams: '.repeat(6)}{}${'}}'.repeat(6)}`, /expected at most 5 levels/],
    [
      `a: &a [1,1]\nb: &b [${'*a,'.repeat(20)}]\nc: [${'*b,'.repeat(20)}]`,
      /^t.yaml: Excessive alias/,
    ],
  ])('%j', (text, message) => {
    expect(() => parseTeams(text, 't.yaml')).toThrow(message);
  });

  it('may have no teams, so that any is taken', () => {
    expect(parseTeams('teams: {}', 't.yaml')).toEqual({
      teams: {},
      reservations: [],
      prices: {},
      currency: 'USD',
    });
  });

  it('are not parsed when they are huge', () => {
    const huge = `# ${'x'.repeat(4 * 2 ** 20)}`;
    expect(() => parseTeams(huge, 't.yaml')).toThrow('t.yaml: expected at most 4194304 bytes');
  });

  it('that are not there are named', async () => {
    await expect(readTeamsFile('/no/such.yaml')).rejects.toThrow(
      'teams file /no/such.yaml: cannot be read (ENOENT)',
    );
  });
});
