import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCapture } from '../../support/cliCapture.ts';

let cli: Awaited<ReturnType<typeof createCapture>>;
let source: string;

beforeAll(async () => {
  cli = await createCapture();
  source = join(cli.home, 'model');
  await mkdir(source);
  await writeFile(join(source, 'config.json'), '{}');
  await writeFile(join(source, 'model.safetensors'), 'names and sizes only');
});

afterAll(() => cli.remove());

/** Every violation: one line on standard error, exit code 2, nothing on standard output. */
describe('bad usage and input', () => {
  const ingest = (...options: string[]) => ['ingest', '<source>', '--name', 'm', ...options];

  it.each([
    [['frobnicate'], /unknown command 'frobnicate'/],
    [['models', '--frob'], /unknown option '--frob'/],
    [['models', 'extra'], /too many arguments/],
    [['ingest', '--name', 'm'], /missing required argument 'source'/],
    [['ingest', '.'], /required option '--name <name>' not specified/],
    [['ingest', '/no/such', '--name', 'm'], /\/no\/such: does not exist/],
    [['ingest', '.', '--name', 'Bad Name'], /name "Bad Name": expected/],
    [ingest('--tag', 'a/b'), /tag "a\/b": expected/],
    [ingest('--quantize', 'q8'), /quantization method "q8": expected one of/],
    [ingest('--quantize', 'int8', '--double-quant'), /double quantization with int8/],
    [ingest('--shard-size', 'big'), /shard size "big": expected a size/],
    [ingest('--shard-size', '1KiB'), /shard size "1KiB": expected a size from 1MiB/],
    [ingest('--skip-modules', 'a,,b'), /module to skip "": expected/],
    [ingest('--gate-min-cosine', 'high'), /gate minimum cosine "high": expected/],
    [ingest('--gate-max-kl', '0'), /gate maximum KL divergence "0": expected/],
    [ingest('--gate-max-perplexity-increase', '-1'), /perplexity increase "-1": expected/],
    [ingest('--calibration', '/no/such'), /calibration \/no\/such: expected a text file/],
    [ingest('--verify-key', '/no/such'), /verify key \/no\/such: expected a PEM file/],
    [['show', 'A:B'], /model reference "A:B": expected name/],
    [['show', 'm@sha256:12'], /model reference "m@sha256:12": expected name/],
    [['verify', '-'], /model reference "-"/],
    [['warm', 'm:'], /model reference "m:"/],
    [['evict', 'm:a:b'], /model reference "m:a:b"/],
    [['export', 'm'], /missing required argument 'dir'/],
    [['tag', 'm', 'NO'], /tag "NO": expected/],
    [['remove', 'm!', '--yes'], /model reference "m!"/],
    [['show', 'nothing'], /nothing:latest: no such model/],
    [['logs', '-n', 'many'], /lines "many": expected a number/],
    [['logs', 'host'], /log of "host": expected none yet/],
    [['pool', '--pool', 'NO'], /pool "NO": expected a name/],
    [['pool', 'why'], /missing required argument 'request'/],
    [['pool', 'what-if', '--gpus', '0'], /--gpus 0: expected a whole number/],
    [['pool', 'teams', 'apply', '/no/such'], /teams file \/no\/such: cannot be read \(ENOENT\)/],
    [['schedules', 'pause'], /missing required argument 'id'/],
    [['schedules', 'delete', 'x'], /delete schedule x: no terminal to ask at; give --yes/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await cli.run(
      ...args.map((arg) => (arg === '<source>' ? source : arg)),
    );
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it('names a malformed variable', async () => {
    const { code, stderr } = await cli.runWith({ BERTH_DEVICES: 'all' }, 'models');
    expect(stderr).toMatch(/^error: BERTH_DEVICES=all: expected core sets/);
    expect(code).toBe(2);
  });
});

describe('without a stack', () => {
  it.each([
    ['ingest', '<source>', '--name', 'm'],
    ['watch', 'ingest/m/latest/0123456789'],
    ['cancel', 'ingest/m/latest/0123456789'],
    ['verify', 'm'],
    ['warm', 'm'],
    ['evict', 'm'],
    ['export', 'm', 'out'],
    ['tag', 'm', 'stable'],
    ['sweep'],
    ['pool'],
    ['pool', 'watch'],
    ['pool', 'why', 'request'],
    ['pool', 'what-if', '--gpus', '2'],
    ['pool', 'drain', 'cuda0'],
    ['pool', 'teams', 'show'],
    ['schedules'],
    ['schedule', 'warm', 'm', '--every', '1h'],
  ])('%s says what to do', async (...args) => {
    const { code, stdout, stderr } = await cli.run(
      ...args.map((arg) => (arg === '<source>' ? source : arg)),
    );
    expect(stderr).toMatch(/^error: .*: run berth up\n$/);
    expect(stdout).toBe('');
    expect(code).toBe(1);
  });

  it('reads an empty catalogue', async () => {
    const { code, stdout } = await cli.run('models', '--json');
    expect(JSON.parse(stdout)).toEqual({ models: [], problems: [] });
    expect(code).toBe(0);
  });

  it('shows that nothing runs', async () => {
    const { code, stdout } = await cli.run('status', '--json');
    const status = JSON.parse(stdout);
    expect(status).toMatchObject({ home: cli.home, state: 'stopped', devices: [], processes: [] });
    expect(code).toBe(1);
  });

  it('has nothing to stop', async () => {
    const { code, stdout } = await cli.run('down', '--json');
    expect(JSON.parse(stdout)).toEqual({ stopped: false });
    expect(code).toBe(0);
  });
});

describe('--json', () => {
  it.each([
    [['show', 'BAD', '--json'], 'InvalidRequest', 2],
    [['show', 'nothing', '--json'], 'ArtifactNotFound', 2],
    [['warm', 'm', '--json'], 'StackUnavailable', 1],
    [['models', '--frob', '--json'], 'InvalidRequest', 2],
  ])('%j prints the failure as one document', async (args, type, expected) => {
    const { code, stdout } = await cli.run(...args);
    expect(JSON.parse(stdout)).toEqual({ error: { type, message: expect.any(String) } });
    expect(code).toBe(expected);
  });
});

describe('help', () => {
  it('lists every command and exits with 0', async () => {
    const { code, stdout } = await cli.run('--help');
    for (const name of ['up', 'ingest', 'pool', 'warm', 'schedules', 'sweep']) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, 'm'));
    }
    expect(code).toBe(0);
  });

  it('shows a stack trace only when debugging is asked for', async () => {
    const quiet = await cli.run('show', 'BAD');
    const loud = await cli.runWith({ BERTH_LOG_LEVEL: 'debug' }, 'show', 'BAD');
    expect(quiet.stderr).not.toContain('    at ');
    expect(loud.stderr).toContain('    at ');
  });
});
