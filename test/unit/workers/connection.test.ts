import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPaths } from '../../../activities/platform/paths.ts';
import { prepareExternalTemporal } from '../../../workers/supervisor/externalTemporal.ts';
import { createStackWriter, type StackFile } from '../../../workers/supervisor/stackFile.ts';
import { externalTarget, resolveTarget } from '../../../workers/temporal/connection.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'berth-connection-'));
});
afterEach(() => rm(home, { recursive: true }));

/** Without the configuration file that whoever runs the tests may have. */
const env = (values: Record<string, string> = {}) => ({
  TEMPORAL_CONFIG_FILE: join(home, 'temporal.toml'),
  ...values,
});
const paths = () => createPaths(home, join(home, 'shm'));

const stack: StackFile = {
  supervisor: { pid: 1, startTime: 1, bootId: 'b' },
  state: 'ready',
  hostId: 'h',
  startedAt: '2026-01-01T00:00:00.000Z',
  temporal: {
    embedded: true,
    address: '127.0.0.1:7240',
    namespace: 'berth',
    uiUrl: 'http://127.0.0.1:8240',
    ports: { frontend: 7240, ui: 8240 },
  },
  chroma: null,
  commandSocket: null,
  processes: [],
  skippedDevices: [],
};

test('without a word about Temporal, the recorded embedded server is used', async () => {
  await createStackWriter(paths(), () => stack)();
  expect(await resolveTarget(paths(), env())).toEqual({
    embedded: true,
    namespace: 'berth',
    connectionOptions: { address: '127.0.0.1:7240' },
  });
});

test('without either, the error says what to do', async () => {
  await expect(resolveTarget(paths(), env())).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringContaining('run berth up'),
  });
});

test("a stack on somebody else's server is not taken for one that never ran", async () => {
  const temporal = { embedded: false, address: 'eu.example:7233', namespace: 'team' };
  const external = { ...temporal, uiUrl: null, ports: null };
  await createStackWriter(paths(), () => ({ ...stack, temporal: external }))();
  await expect(resolveTarget(paths(), env())).rejects.toMatchObject({
    type: 'StackUnavailable',
    message: expect.stringMatching(/server at eu\.example:7233: set TEMPORAL_ADDRESS/),
  });
});

test('a server that does not answer is named, with how long it was waited for', async () => {
  const target = externalTarget(env({ TEMPORAL_ADDRESS: '127.0.0.1:1' }));
  const silent = pino({ level: 'silent' });
  await expect(prepareExternalTemporal(target!, silent, 300)).rejects.toMatchObject({
    type: 'StackUnavailable',
    message:
      'Temporal at 127.0.0.1:1, namespace default: no answer within 0.3 seconds; check TEMPORAL_ADDRESS and the profile',
  });
});

test('TEMPORAL_ADDRESS, namespace and API key come from the environment', () => {
  const target = externalTarget(
    env({
      TEMPORAL_ADDRESS: 'eu.example:7233',
      TEMPORAL_NAMESPACE: 'team',
      TEMPORAL_API_KEY: 'secret',
    }),
  );
  expect(target).toMatchObject({
    embedded: false,
    namespace: 'team',
    connectionOptions: { address: 'eu.example:7233', apiKey: 'secret', tls: true },
  });
});

test('a profile of the configuration file is used; an unknown one is an error', async () => {
  await writeFile(
    join(home, 'temporal.toml'),
    '[profile.lab]\naddress = "lab.example:7233"\nnamespace = "lab"\n',
  );
  expect(externalTarget(env({ TEMPORAL_PROFILE: 'lab' }))).toMatchObject({
    namespace: 'lab',
    connectionOptions: { address: 'lab.example:7233' },
  });
  expect(externalTarget(env())).toBeUndefined();
  expect(() => externalTarget(env({ TEMPORAL_PROFILE: 'nowhere' }))).toThrow(/nowhere/);
});
