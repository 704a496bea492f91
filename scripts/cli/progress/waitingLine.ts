import type { Explanation } from '../../../workflows/contracts/pool/description.ts';
import { reasonText } from '../../../workflows/scheduling/explain/reasonText.ts';
import type { TextOutput } from '../cli.ts';

/** Says where a request stands and why; never on standard output. */
export interface WaitingLine {
  update(explanation: Explanation | undefined): void;
  /** Takes the line away; what was printed as lines of a log stays. */
  clear(): void;
}

const clearLine = '\r\u001b[K';

/**
 * One line that is written over at a terminal; elsewhere one a change.
 * @param now Milliseconds of any clock.
 */
export function createWaitingLine(
  output: TextOutput & { columns?: number },
  now: () => number = () => performance.now(),
): WaitingLine {
  const since = now();
  let shown = '';
  return {
    update(explanation) {
      const text = describeWaiting(explanation);
      const key = keyOf(explanation);
      if (output.isTTY) {
        const line = `waiting ${formatWait(now() - since)} · ${text}`;
        output.write(`${clearLine}${line.slice(0, (output.columns ?? 80) - 1)}`);
        shown = line;
      } else if (key !== shown) {
        output.write(`waiting: ${text}\n`);
        shown = key;
      }
    },
    clear() {
      if (output.isTTY && shown !== '') output.write(clearLine);
      shown = '';
    },
  };
}

/** Shares and estimates move on all the time: what counts is the place, and which reasons there are. */
function keyOf(explanation: Explanation | undefined): string {
  const { position, reasons } = explanation ?? { position: null, reasons: [] };
  return [position ?? 'none', ...reasons.map(({ token }) => token)].join(' ');
}

export function describeWaiting(explanation: Explanation | undefined): string {
  if (explanation === undefined) return 'the pool has not answered yet';
  const { position, reasons, text } = explanation;
  if (position === null || reasons.length === 0) return text;
  // Its whole text names the request, which this line is about anyway.
  const why = reasons.map((reason) => reasonText(reason, Date.now()));
  return `place ${position} · ${why.join('; ')}`;
}

/** Such as `0:07` or `1:02:03`. */
export function formatWait(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const rest = two(seconds % 60);
  return minutes < 60
    ? `${minutes}:${rest}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
