import type { Explanation } from '../../../workflows/contracts/pool/description.ts';
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
      if (output.isTTY) {
        const line = `waiting ${formatWait(now() - since)} · ${text}`;
        output.write(`${clearLine}${line.slice(0, (output.columns ?? 80) - 1)}`);
        shown = line;
      } else if (text !== shown) {
        output.write(`waiting: ${text}\n`);
        shown = text;
      }
    },
    clear() {
      if (output.isTTY && shown !== '') output.write(clearLine);
      shown = '';
    },
  };
}

export function describeWaiting(explanation: Explanation | undefined): string {
  if (explanation === undefined) return 'the pool has not answered yet';
  if (explanation.state === 'granted') return 'granted';
  const place = explanation.position === null ? '' : `place ${explanation.position} · `;
  return `${place}${explanation.text}`;
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
