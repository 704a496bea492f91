import { describe, expect, test } from 'vitest';
import { createWaitingLine, formatWait } from '../../../scripts/cli/progress/waitingLine.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';

const waits = (position: number, text: string): Explanation => ({
  requestId: 'run-1',
  state: 'waiting',
  position,
  reasons: [],
  text,
  estimatedStart: null,
});

function output(isTTY: boolean) {
  let text = '';
  const stream = { isTTY, columns: 30, write: (part: string) => (text += part) };
  return { stream, written: () => text };
}

describe('a request that waits', () => {
  test('is a line for each change where there is no terminal', () => {
    const { stream, written } = output(false);
    const line = createWaitingLine(stream);
    line.update(undefined);
    line.update(waits(2, 'all devices are lent'));
    line.update(waits(2, 'all devices are lent'));
    line.update(waits(1, 'all devices are lent'));
    line.clear();
    expect(written()).toBe(
      'waiting: the pool has not answered yet\n' +
        'waiting: place 2 · all devices are lent\n' +
        'waiting: place 1 · all devices are lent\n',
    );
  });

  test('is one line that is written over, never wraps, and goes away', () => {
    const { stream, written } = output(true);
    let now = 0;
    const line = createWaitingLine(stream, () => now);
    line.update(waits(2, 'all devices are lent'));
    now = 61_000;
    line.update(waits(1, 'x'));
    line.clear();
    line.clear();
    expect(written()).toBe(
      '\r\u001b[Kwaiting 0:00 · place 2 · all \r\u001b[Kwaiting 1:01 · place 1 · x\r\u001b[K',
    );
  });

  test('counts hours, too', () => {
    expect(formatWait(3_723_000)).toBe('1:02:03');
  });
});
