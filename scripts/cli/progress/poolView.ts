import { clearScreenDown, cursorTo } from 'node:readline';
import type { PoolDescription } from '../../../workflows/contracts/pool/description.ts';
import type { TextOutput } from '../cli.ts';
import { formatPool } from '../format/pool.ts';
import { poolChanges } from './poolChanges.ts';

export interface PoolView {
  update(description: PoolDescription): void;
  stop(): void;
}

/** A screen that is drawn anew for a person at a terminal; a line a change for everything else. */
export function createPoolView(output: TextOutput, json: boolean): PoolView {
  if (output.isTTY && !json) return createScreen(output as NodeJS.WriteStream);
  let last: PoolDescription | undefined;
  return {
    update(description) {
      for (const change of poolChanges(last, description)) {
        output.write(`${json ? JSON.stringify(change) : `${change.at}  ${change.text}`}\n`);
      }
      last = description;
    },
    stop: () => undefined,
  };
}

function createScreen(stream: NodeJS.WriteStream): PoolView {
  let isFirst = true;
  return {
    update(description) {
      const { rows = 24, columns = 80 } = stream;
      // A line that wraps, or one too many, would scroll the screen away.
      const lines = formatPool(description)
        .split('\n')
        .slice(0, rows - 1)
        .map((line) => line.slice(0, columns - 1));
      if (isFirst) stream.write('\n'.repeat(rows - 1));
      isFirst = false;
      cursorTo(stream, 0, 0);
      clearScreenDown(stream);
      stream.write(`${lines.join('\n')}\n`);
    },
    stop: () => undefined,
  };
}
