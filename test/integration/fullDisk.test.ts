import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { spaceOf } from '../../activities/artifacts/plaintext/sharedMemory.ts';
import { findRemains } from '../support/faults/damage.ts';
import type { Method } from '../support/faults/points.ts';
import { type FaultStack, ingestArguments, startFaultStack } from '../support/faults.ts';
import { cannotMount, mountTmpfs } from '../support/tmpfs.ts';

/** A disk and a shared memory that are full, each on a file system of its own. */

const trial = mountTmpfs('size=1m');
trial?.unmount();
const needsMount = trial ? '' : ` (skipped: ${cannotMount})`;

const MiB = 2 ** 20;
type Place = 'store' | 'shm';

const cases: { what: string; place: Place; method: Method; room: number; says: RegExp }[] = [
  {
    what: 'on the disk, from the start',
    place: 'store',
    method: 'none',
    room: 0,
    says: /store\/staging.*no space left/,
  },
  {
    what: 'on the disk, while shards are sealed',
    place: 'store',
    method: 'none',
    room: 9 * MiB,
    says: /store\/staging\/.*blobs.*no space left/,
  },
  {
    what: 'in shared memory, while a shard is assembled',
    place: 'shm',
    method: 'none',
    room: MiB,
    says: /scratch.*no space left/,
  },
  {
    what: 'in shared memory, while a shard is quantized',
    place: 'shm',
    method: 'nf4',
    room: 100_000,
    says: /scratch.*no space left/i,
  },
  {
    what: 'in shared memory, when the candidate is opened',
    place: 'shm',
    method: 'nf4',
    room: 3.5 * MiB,
    says: /candidate.*needs \d+ bytes/,
  },
];
const capacity = 64 * MiB;
let stack: FaultStack;
let places: Record<Place, string>;
const mounted: string[] = [];

beforeAll(async () => {
  if (!trial) return;
  // Shared memory counts as full when the disk of the test is, not when its budget is used up.
  stack = await startFaultStack({ BERTH_SHM_BUDGET: '1GiB' });
  places = { store: stack.paths.store.root, shm: stack.shm };
  Object.values(places).forEach(mountOver);
});
afterAll(async () => {
  for (const path of mounted) execFileSync('umount', ['--lazy', path]);
  await stack?.stop();
});
beforeEach(async () => {
  if (trial) await makeRoom();
});

function mountOver(path: string): void {
  mkdirSync(path, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${capacity},mode=0700`, 'tmpfs', path]);
  mounted.push(path);
}

const filler = (place: Place) => join(places[place], 'filler');

async function leave(place: Place, bytes: number): Promise<void> {
  const { freeBytes } = await spaceOf(places[place]);
  await writeFile(filler(place), Buffer.alloc(Math.max(0, freeBytes - bytes)));
}

async function makeRoom(): Promise<void> {
  await rm(filler('store'), { force: true });
  await rm(filler('shm'), { force: true });
}

/** Runs a command that must fail for want of room. @returns its one line */
async function runOutOfSpace(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await stack.run(...args, '--json');
  expect(code, stderr).toBe(1);
  const { error } = JSON.parse(stdout);
  expect(error.type, error.message).toBe('OutOfSpace');
  expect(error.message).not.toContain('\n');
  expect(stderr.trimEnd().split('\n').at(-1)).toBe(`error: ${error.message}`);
  return error.message;
}

describe.skipIf(!trial)(`without room${needsMount}`, () => {
  test.each(cases)('$what, an ingest says so, leaves nothing, and works later', async (each) => {
    const { place, method, room, says } = each;
    const ingest = ingestArguments(stack, method, 'full');
    await leave(place, room);
    expect(await runOutOfSpace(...ingest)).toMatch(says);
    expect(await findRemains(stack)).toEqual([]);
    await makeRoom();
    await stack.json(...ingest);
    expect(await stack.json('verify', 'full')).toMatchObject({ ok: true });
    await stack.json('evict', 'full');
    await stack.json('remove', 'full', '--yes');
  });

  test('in shared memory warm says so, leaves nothing, and works later', async () => {
    await stack.json(...ingestArguments(stack, 'none', 'full'));
    await leave('shm', 5 * MiB);
    expect(await runOutOfSpace('warm', 'full')).toContain(places.shm);
    expect((await spaceOf(places.shm)).freeBytes).toBe(5 * MiB);
    await makeRoom();
    await stack.json('warm', 'full');
  });

  test('the server stands still, a command says why, and the same one works later', async () => {
    const folder = dirname(stack.paths.temporalDatabase);
    await stack.json('down');
    mountOver(folder);
    await stack.json('up', '--detach');
    const filling = join(folder, 'filler');
    await writeFile(filling, Buffer.alloc((await spaceOf(folder)).freeBytes));
    const ingest = ingestArguments(stack, 'none', 'still');
    const { code, stdout } = await stack.run(...ingest, '--json');
    expect(code).toBe(1);
    const { error } = JSON.parse(stdout);
    expect(error).toEqual({
      type: 'StackUnavailable',
      message: expect.stringMatching(/^[^\n]*temporal\.db is full[^\n]*free some[^\n]*$/),
    });
    await rm(filling);
    await stack.json(...ingest);
  });
});
