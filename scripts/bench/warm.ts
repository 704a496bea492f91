import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { openFile, sealFile, touchPages } from '../../native/addon/index.ts';
import type { Bench, BenchReport, BenchRow, Say } from './bench.ts';
import { addRounds, byteCount } from './options.ts';
import { interleave, median, medianRatio } from './statistics.ts';

const targetRatio = 0.8;
const gigabyte = 1e9;

interface Setting {
  bytes: number;
  rounds: number;
  /** On disk: the plaintext, and its sealed copy. */
  store: string;
  /** In RAM: where consumers map from. */
  shm: string;
}

/** A stored file into shared memory, mapped and touched, against `cp` of its plaintext. */
export const bench: Bench = {
  name: 'warm',
  description: 'stored file to mapped and touched in shared memory, against cp of the plaintext',
  configure(command) {
    addRounds(command, 5);
    command.option('--bytes <size>', 'size of the file', byteCount, 2 ** 30);
    command.option('--shm <folder>', 'on a tmpfs', process.env.BERTH_SHM ?? '/dev/shm');
    command.option('--store <folder>', 'on a disk', tmpdir());
  },
  async run(options, say) {
    const [bytes, rounds] = [Number(options.bytes), Number(options.rounds)];
    const store = await mkdtemp(join(String(options.store), 'berth-bench-'));
    const shm = await mkdtemp(join(String(options.shm), 'berth-bench-'));
    try {
      return await measure({ bytes, rounds, store, shm }, say);
    } finally {
      await rm(store, { recursive: true, force: true });
      await rm(shm, { recursive: true, force: true });
    }
  },
};

async function measure({ bytes, rounds, store, shm }: Setting, say: Say): Promise<BenchReport> {
  const [plain, stored, target] = [
    join(store, 'plain'),
    join(store, 'sealed'),
    join(shm, 'opened'),
  ];
  const keys = { key: randomBytes(32), aad: Buffer.from('bench') };
  say(`warm: writing and sealing ${bytes} bytes`);
  await writeFilled(plain, bytes);
  await sealFile({ input: plain, output: stored, ...keys }).result;
  say(`warm: ${rounds} rounds`);
  let hugePageBytes = 0;
  const opening = async (threads?: number) => {
    const request = { input: stored, output: target, ...keys, plaintextBytes: bytes, threads };
    hugePageBytes = (await openFile(request).result).hugePageBytes;
  };
  const seconds = await interleave(rounds, {
    ours: () => timed(target, opening),
    oneThread: () => timed(target, () => opening(1)),
    cp: () => timed(target, () => execa('cp', [plain, target])),
  });
  const rates = (who: keyof typeof seconds, phase: keyof Phases) =>
    seconds[who].map((phases) => bytes / phases[phase] / gigabyte);
  const row = (measure: string, ours: number[], name: string, theirs: number[]): BenchRow => ({
    measure,
    unit: 'GB/s',
    ours: median(ours),
    alternative: { name, value: median(theirs) },
    ratio: medianRatio(ours, theirs),
  });
  const decisive = row('open, map and touch', rates('ours', 'whole'), 'cp', rates('cp', 'fill'));
  const measureName = `${decisive.measure}, against cp`;
  return {
    rows: [
      decisive,
      row('open alone', rates('ours', 'fill'), 'cp', rates('cp', 'fill')),
      row('open alone, 1 thread', rates('oneThread', 'fill'), 'cp', rates('cp', 'fill')),
      row('all of it', rates('ours', 'whole'), 'cp, map and touch', rates('cp', 'whole')),
    ],
    targets: [
      {
        measure: measureName,
        target: `at least ${targetRatio} of cp's rate`,
        met: decisive.ratio! >= targetRatio,
      },
    ],
    notes: [
      `${bytes} bytes, read from the page cache; ${hugePageBytes} of them opened into huge pages`,
    ],
  };
}

interface Phases {
  /** Seconds until the plaintext lies in shared memory. */
  fill: number;
  /** With a mapping of it, every page touched. */
  whole: number;
}

async function timed(target: string, fill: () => Promise<unknown>): Promise<Phases> {
  await rm(target, { force: true });
  const started = performance.now();
  await fill();
  const filled = performance.now();
  await touchPages(target);
  const touched = performance.now();
  return { fill: (filled - started) / 1000, whole: (touched - started) / 1000 };
}

async function writeFilled(path: string, bytes: number): Promise<void> {
  const block = randomBytes(Math.min(bytes, 2 ** 24));
  const file = await open(path, 'w');
  for (let left = bytes; left > 0; left -= block.length) {
    await file.write(block, 0, Math.min(left, block.length));
  }
  await file.close();
}
