import { expect, test } from 'vitest';
import { checkJournal } from '../../support/churn/checkJournal.ts';
import type { HolderLine, JournalLine } from '../../support/churn/journal.ts';

/** The churn test's judge finds what it is there to find, and nothing else. */

const begin = (pid: number, at: number, more: Partial<HolderLine> = {}): JournalLine => ({
  event: 'begin',
  kind: 'command',
  deviceId: 'd',
  epoch: pid,
  milli: 1000,
  leaseId: `l${pid}`,
  cores: [0],
  pid,
  startTime: 1,
  at,
  ...(more as object),
});
const gone = (pid: number, seenAt: number): JournalLine => ({
  event: 'gone',
  deviceId: 'd',
  pid,
  startTime: 1,
  seenAt,
  at: seenAt + 50,
});
const check = (...lines: JournalLine[]) =>
  checkJournal(lines, { now: 1_000, cores: new Map([['d', new Set([0])]]) }).map(
    ({ what }) => what,
  );

test('one after the other is fine, and so are parts that fit', () => {
  expect(check(begin(1, 10), gone(1, 20), begin(2, 21), gone(2, 30))).toEqual([]);
  const half = { milli: 500 };
  expect(check(begin(1, 10, half), begin(2, 20, half), gone(2, 30), begin(3, 31, half))).toEqual(
    [],
  );
});

test('a second holder while the first is still there, however long it has said that it ended', () => {
  const ended = { ...begin(1, 15), event: 'end' } as JournalLine;
  expect(check(begin(1, 10), ended, begin(2, 20), gone(1, 25))).toEqual([
    'd: 2000 thousandths in use when l2 began: l1 (1000), l2 (1000)',
  ]);
});

test('parts that are too much together, and a child that outlives its lease', () => {
  const part = { milli: 500 };
  expect(check(begin(1, 10, part), begin(2, 20, part), begin(3, 30, part))).toHaveLength(1);
  const child = begin(9, 12, { kind: 'child', leaseId: 'l1', epoch: 1 });
  expect(check(begin(1, 10), child, gone(1, 20), begin(2, 30))).toHaveLength(1);
});

test('an old epoch, foreign cores, a clash, and a lease that was let in again', () => {
  expect(check(begin(5, 10), gone(5, 11), begin(4, 20), gone(4, 21))).toEqual([
    'd: epoch 4 began after epoch 5',
  ]);
  expect(check(begin(1, 10, { cores: [0, 1] }))).toEqual(['d: lease l1 ran on cores 0,1']);
  const clash = { ...begin(1, 10), event: 'clash', slots: 2 } as JournalLine;
  expect(check(clash)).toEqual(['d: lease l1 began while its share was in use']);
  const replayed = { event: 'replayed', deviceId: 'd', leaseId: 'l1', epoch: 1, at: 30 } as const;
  expect(check({ ...replayed, via: 'socket', answer: 'LeaseFenced' })).toEqual([]);
  expect(check({ ...replayed, via: 'activity', answer: 'admitted' })).toHaveLength(1);
});
