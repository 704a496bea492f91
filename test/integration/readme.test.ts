import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import { findSampleModel } from '../../activities/platform/python.ts';

/** Every command that the README shows, run as it stands there, in its order. */

const root = packageRoot();
const readme = await readFile(join(root, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');

let folder: string;
let shm: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'berth-readme-'));
  shm = await mkdtemp('/dev/shm/berth-readme-');
  await cp(findSampleModel(), join(folder, 'my-model'), { recursive: true });
});
afterAll(async () => {
  await execa(berth(), ['down'], { env: environment(), reject: false, shell: true });
  await Promise.all([folder, shm].map((path) => rm(path, { recursive: true, force: true })));
});

const berth = () => `node ${join(root, 'dist', 'scripts', 'cli', 'main.js')}`;
const environment = () => ({
  BERTH_HOME: join(folder, 'home'),
  BERTH_SHM: shm,
  BERTH_DEVICES: '0',
});

test('the README shows the commands of every part', () => {
  expect(blocks.length).toBeGreaterThan(4);
  for (const command of ['up', 'ingest', 'watch', 'warm', 'verify', 'export', 'schedule', 'down']) {
    expect(blocks.join('\n')).toContain(`npx berth ${command}`);
  }
});

test.each(blocks.map((block) => [block.trim().split('\n')[0], block]))('%s …', async (_, block) => {
  // What npx would find in an installed package.
  const script = block.replaceAll('npx berth', berth());
  await execa('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: folder,
    env: environment(),
    stdin: 'ignore',
  });
});

test('npm start -- --exit brings the sample model in, reports and stops', async () => {
  const env = { ...environment(), BERTH_HOME: join(folder, 'start') };
  const { stdout } = await execa('npm', ['start', '--silent', '--', '--exit'], {
    cwd: root,
    env,
    stdin: 'ignore',
  });
  expect(stdout).toContain('minilm:latest');
  expect(stdout).toMatch(/accuracy .*passed/);
  const { stdout: status } = await execa(`${berth()} status`, { env, reject: false, shell: true });
  expect(status).toContain('stopped');
});
