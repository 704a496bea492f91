import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import {
  createCgroupParent,
  findCgroupParent,
} from '../../../../workers/devices/sharing/cgroup.ts';
import { temporaryFolder } from '../../../support/temporaryFolder.ts';

const folder = temporaryFolder('cgroup');

/** Plain folders in the shape of a cgroup v2 tree: they hold what is written, and limit nothing. */
function fakeCgroupTree(name: string, controllers: Record<string, string>, path = '/a/b') {
  const mount = join(folder, name);
  const own = join(folder, `${name}-self`);
  for (const [group, enabled] of Object.entries(controllers)) {
    mkdirSync(join(mount, group), { recursive: true });
    writeFileSync(join(mount, group, 'cgroup.procs'), '');
    writeFileSync(join(mount, group, 'cgroup.subtree_control'), `${enabled}\n`);
  }
  writeFileSync(own, `12:cpu:/elsewhere\n0::${path}\n`);
  return { mount, own, isCgroup2: async () => true };
}

const limits = { memoryBytes: 64 * 2 ** 20, cores: 1.5 };
const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');

describe('groups with limits', () => {
  test('are made below the own group where that is delegated', async () => {
    const places = fakeCgroupTree('own', { a: 'cpu', 'a/b': 'cpu memory pids' });
    const parent = await findCgroupParent(places);
    expect(await parent?.create('berth-1', limits)).toBe(join(folder, 'own/a/b/berth-1'));
    expect(read('own/a/b/berth-1/memory.max')).toBe('67108864');
  });

  test('are made beside the own group where processes are in it', async () => {
    const places = fakeCgroupTree('beside', { a: 'memory', 'a/b': '' });
    const parent = await findCgroupParent(places);
    expect(await parent?.create('berth-1', limits)).toBe(join(folder, 'beside/a/berth-1'));
  });

  test('swap nothing out and get their part of the time, where the kernel lets them', async () => {
    const group = join(folder, 'berth-2');
    mkdirSync(group);
    for (const name of ['memory.swap.max', 'cpu.max']) writeFileSync(join(group, name), '');
    await createCgroupParent(folder).create('berth-2', limits);
    expect(read('berth-2/memory.swap.max')).toBe('0');
    expect(read('berth-2/cpu.max')).toBe('150000 100000');
  });

  test.each([
    ['no memory controller', fakeCgroupTree('none', { a: 'cpu', 'a/b': 'pids' })],
    ['no such group', fakeCgroupTree('elsewhere', { a: 'cpu' }, '/x/y')],
    [
      'cgroup v1',
      { ...fakeCgroupTree('v1', { a: 'memory', 'a/b': 'memory' }), isCgroup2: async () => false },
    ],
    ['nothing', { mount: '/absent', own: '/absent', isCgroup2: () => Promise.reject(new Error()) }],
  ])('are not to be had with %s', async (_, places) => {
    expect(await findCgroupParent(places)).toBeUndefined();
  });

  test('are removed once, and again without a word', async () => {
    mkdirSync(join(folder, 'berth-3'));
    const parent = createCgroupParent(folder);
    await parent.remove('berth-3');
    await parent.remove('berth-3');
    expect(() => read('berth-3/memory.max')).toThrow(/ENOENT/);
  });
});

const real = await findCgroupParent();

test.runIf(real !== undefined)('the kernel keeps a real group within its limit', async () => {
  const name = `berth-test-${process.pid}`;
  const group = await real?.create(name, limits);
  const fill = `echo 0 > ${group}/cgroup.procs && exec python3 -c 'bytearray(200 * 2 ** 20)'`;
  const { signal } = await execa('sh', ['-c', fill], { reject: false });
  expect(signal).toBe('SIGKILL');
  const sleeper = execa('sh', ['-c', `echo 0 > ${group}/cgroup.procs && echo && exec sleep 100`], {
    reject: false,
  });
  await new Promise((resolve) => sleeper.stdout.once('data', resolve));
  await real?.remove(name);
  expect((await sleeper).signal).toBe('SIGKILL');
});
