import type { StartedStack } from '../../workers/supervisor/stack.ts';
import type { Cli } from './cli.ts';
import { waitForInterrupt } from './waitForInterrupt.ts';

/**
 * Keeps an attached stack until Ctrl-C, then drains it.
 * @returns exit code: 0 after a clean stop, 1 when the stack ended by itself with a failure
 */
export async function holdStack(cli: Cli, stack: StartedStack): Promise<number> {
  const { interrupted, stop } = waitForInterrupt(cli);
  try {
    const first = await Promise.race([interrupted, stack.exited]);
    if (first !== 'interrupted') {
      cli.stderr.write('the stack has stopped\n');
      return first === 0 ? 0 : 1;
    }
    cli.stderr.write('\nstopping the stack\n');
    await stack.stop();
    return 0;
  } finally {
    stop();
  }
}
