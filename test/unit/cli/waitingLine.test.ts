import { describe, expect, test } from 'vitest';
import { createWaitingLine, formatWait } from '../../../scripts/cli/progress/waitingLine.ts';
import type { Explanation } from '../../../workflows/contracts/pool/description.ts';

const waits = (position: number, freeDevices: number): Explanation => ({
  requestId: 'run-1',
  state: 'waiting',
  position,
  reasons: [{ token: 'busy', freeDevices, wanted: 4, heldBy: [] }],
  text: 'request run-1 waits',
  estimatedStart: null,
});
const next: Explanation = { ...waits(1, 0), reasons: [], text: 'request run-1 is next' };

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
    line.update(waits(2, 0));
    // A number that has changed is no news.
    line.update(waits(2, 1));
    line.update(waits(1, 1));
    line.update(next);
    line.clear();
    expect(written().split('\n')).toEqual([
      'waiting: the pool has not answered yet',
      expect.stringMatching(/^waiting: place 2 · 0 of 4 suitable devices/),
      expect.stringMatching(/^waiting: place 1 · 1 of 4 suitable devices/),
      'waiting: request run-1 is next',
      '',
    ]);
  });

  test('is one line that is written over, never wraps, and goes away', () => {
    const { stream, written } = output(true);
    let now = 0;
    const line = createWaitingLine(stream, () => now);
    line.update(waits(2, 0));
    now = 61_000;
    line.update(next);
    line.clear();
    line.clear();
    expect(written()).toBe(
      '\r\u001b[Kwaiting 0:00 · place 2 · 0 of\r\u001b[Kwaiting 1:01 · request run-1 \r\u001b[K',
    );
  });

  test('counts hours, too', () => {
    expect(formatWait(3_723_000)).toBe('1:02:03');
  });
});
