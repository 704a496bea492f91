import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import { requireStack } from '../../workers/supervisor/stack.ts';
import type { VerifyResult } from '../../workflows/contracts/activities.ts';
import { failureTypes } from '../../workflows/contracts/errors.ts';
import type { Manifest } from '../../workflows/contracts/manifest.ts';
import type { BadSource, Complaint } from '../support/badInput/case.ts';
import { type Damage, damageCases, type StoredModel } from '../support/badInput/damageCases.ts';
import { folderCases } from '../support/badInput/folderCases.ts';
import { safetensorsCases } from '../support/badInput/safetensorsCases.ts';
import { createHalts, type Halts } from '../support/faults/halts.ts';
import { findLeftovers } from '../support/faults/leftovers.ts';
import { tinyConfig, writeFiles } from '../support/modelFolder.ts';
import { float32, safetensorsFile } from '../support/safetensorsFile.ts';
import { type CommandResult, startTestStack, type TestStack } from '../support/stack.ts';

/** What a person sees of bad input and of damage, through the real command and a real stack. */

let stack: TestStack;
let paths: Paths;
let halts: Halts;
let root: string;
let stored: StoredModel;
let backup: string;

const sound = {
  'config.json': tinyConfig,
  'tokenizer.json': '{}',
  'model.safetensors': safetensorsFile({ 'a.weight': float32([64, 64]), 'a.bias': float32([64]) }),
};

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'berth-bad-input-'));
  halts = await createHalts();
  const sources = join(root, 'sources');
  stack = await startTestStack({ ...halts.env, BERTH_SOURCES: sources, BERTH_DEVICES: '0' });
  paths = createPaths(stack.home, stack.shm);
  await writeFiles(join(sources, 'sound'), sound);
  stored = await publishTwice(join(sources, 'sound'));
  backup = join(root, 'backup');
  for (const folder of ['store', 'trust', 'keys']) {
    await cp(join(stack.home, folder), join(backup, folder), { recursive: true });
  }
});
afterAll(async () => {
  await stack?.stop();
  await halts?.remove();
  await rm(root, { recursive: true, force: true });
});

const ingest = (source: string, ...options: string[]) =>
  stack.run('ingest', source, '--quantize', 'none', '--json', ...options);

async function publishTwice(source: string): Promise<StoredModel> {
  const publish = async () => {
    const done = await ingest(source, '--name', 'sound');
    expect(done.stderr + done.stdout, done.stderr).toContain('sha256:');
    const shown = await stack.json<{ artifact: string; manifest: Manifest }>('show', 'sound');
    return { digest: shown.artifact.split('sha256:')[1] ?? '', manifest: shown.manifest };
  };
  const old = await publish();
  const tag = await readFile(paths.store.tag('sound', 'latest'));
  return { ...(await publish()), paths, old: { ...old, tag } };
}

/** One line on standard error, the same in the document on standard output, and the exit code. */
function expectComplaint(result: CommandResult, { type, file, reason }: Complaint): void {
  const lines = result.stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect(lines, result.stderr).toHaveLength(1);
  expect(result.stderr.trimEnd().split('\n').at(-1)).toBe(lines[0]);
  expect(result.stderr).not.toMatch(/^\s+at /m);
  const { error } = JSON.parse(result.stdout);
  expect(error.type, error.message).toBe(type);
  expect(lines[0]).toBe(`error: ${error.message}`);
  expect(error.message).toContain(file);
  expect(error.message).toMatch(reason);
  expect(result.code).toBe(failureTypes[type].exit);
}

/** Neither files nor a tag; the model that was there before stays alone. */
async function expectNothingLeft(): Promise<void> {
  expect(await findLeftovers(paths)).toEqual([]);
  expect(await readdir(paths.store.tags)).toEqual(['sound']);
  expect(await readdir(paths.modelsRoot).catch(() => [])).toEqual([]);
}

async function badFolder({ files, prepare }: BadSource): Promise<[string, ...string[]]> {
  const folder = await mkdtemp(join(root, 'sources', 'bad-'));
  const all: BadSource['files'] = { ...sound, ...files };
  const present = Object.entries(all).flatMap(([path, content]) =>
    content === undefined ? [] : [[path, content] as const],
  );
  await writeFiles(folder, Object.fromEntries(present));
  return [folder, ...((await prepare?.(folder)) ?? [])];
}

describe('a source is refused for', () => {
  test.each([...safetensorsCases, ...folderCases])('$what', async (bad) => {
    const [folder, ...more] = await badFolder(bad);
    const result = await ingest(folder, '--name', 'bad', ...more, ...(bad.options ?? []));
    expectComplaint(result, { ...bad, file: bad.file === '' ? folder : bad.file });
    await expectNothingLeft();
  });

  test('quantizing what transformers cannot build; its device is free again', async () => {
    const bad: BadSource = {
      what: 'an unknown class',
      files: { 'config.json': '{"model_type":"bert","architectures":["NoSuchModel"]}' },
      type: 'UnsupportedModel',
      file: 'config.json',
      reason: /NoSuchModel/,
    };
    const [folder] = await badFolder(bad);
    expectComplaint(await ingest(folder, '--name', 'bad', '--quantize', 'nf4'), bad);
    await expectNothingLeft();
    const { processes } = await requireStack(paths);
    expect(processes.filter(({ bridge }) => bridge?.pid != null)).toEqual([]);
    const { leases } = await stack.json<{ leases: unknown[] }>('pool', 'show');
    expect(leases).toEqual([]);
  });

  test('anything, without --json, in one line on standard error and none on standard output', async () => {
    const [folder] = await badFolder(safetensorsCases[0] as BadSource);
    const { code, stdout, stderr } = await stack.run('ingest', folder, '--name', 'bad');
    expect([code, stdout]).toEqual([2, '']);
    const errors = stderr
      .trimEnd()
      .split('\n')
      .filter((line) => /error|fail/i.test(line));
    expect(errors.at(-1)).toMatch(/^error: model\.safetensors: .*truncated/);
  });

  test('lying outside BERTH_SOURCES', async () => {
    const outside = join(root, 'outside');
    await writeFiles(outside, sound);
    const result = await ingest(outside, '--name', 'bad');
    const reason = /outside BERTH_SOURCES/;
    expectComplaint(result, { type: 'SourceNotAllowed', file: outside, reason });
    await expectNothingLeft();
  });

  test('not being there', async () => {
    const missing = join(root, 'sources', 'missing');
    const result = await ingest(missing, '--name', 'bad');
    const reason = /does not exist/;
    expectComplaint(result, { type: 'SourceNotAllowed', file: missing, reason });
  });

  test.each([
    ['truncated', (bytes: Buffer) => bytes.subarray(0, 5000), /now has 5000/],
    ['written to', (bytes: Buffer) => bytes.fill(1, bytes.length - 8), /was written to/],
  ])('being %s while it is read', async (_, change, reason) => {
    const [folder] = await badFolder({ what: '', type: 'SourceChanged', file: '', reason });
    const weights = join(folder, 'model.safetensors');
    const inspected = await halts.arm({
      when: 'after',
      operation: 'rename',
      path: 'staging/.*/inspection.json$',
    });
    const ingesting = ingest(folder, '--name', 'bad');
    await inspected.reached(AbortSignal.timeout(60_000));
    await writeFile(weights, change(await readFile(weights)));
    await inspected.release();
    expectComplaint(await ingesting, { type: 'SourceChanged', file: 'model.safetensors', reason });
    await expectNothingLeft();
  });
});

describe('damage to what is stored:', () => {
  test.each(damageCases)('$what', async (damage) => {
    try {
      await damage.damage(stored);
      await expectDetected(damage);
    } finally {
      for (const folder of ['store', 'trust', 'keys']) {
        await rm(join(stack.home, folder), { recursive: true });
        await cp(join(backup, folder), join(stack.home, folder), { recursive: true });
      }
    }
  });

  test('what was restored is sound', async () => {
    expect(await stack.json('verify', 'sound')).toMatchObject({ ok: true, failures: [] });
  });

  async function expectDetected({ verifyOnly, ...complaint }: Damage): Promise<void> {
    if (!verifyOnly) expectComplaint(await stack.run('warm', 'sound', '--json'), complaint);
    const [verified, forPeople] = await Promise.all([
      stack.run('verify', 'sound', '--json'),
      stack.run('verify', 'sound'),
    ]);
    expect([verified.code, forPeople.code]).toEqual([1, 1]);
    const { ok, failures } = JSON.parse(verified.stdout) as VerifyResult;
    expect(ok).toBe(false);
    const told = failures.map(({ file, reason }) => `${file}: ${reason}`);
    const naming = told.filter((line) => line.includes(complaint.file));
    expect(naming, told.join('\n')).toContainEqual(expect.stringMatching(complaint.reason));
    expect(forPeople.stdout).toContain(complaint.file);
    await expectNothingLeft();
  }
});
