import { startStack } from '../../../workers/supervisor/stack.ts';
import { defineAction, type Registry } from '../action.ts';
import { holdStack } from '../holdStack.ts';
import { formatStatus } from './status.ts';

interface Flags {
  detach?: boolean;
}

export function registerUp(registry: Registry): void {
  const command = registry.program
    .command('up')
    .description('start the stack: server, workers, one for each device; Ctrl-C stops it')
    .option('--detach', 'return when it is ready; berth down stops it');
  defineAction<Flags>(registry, command, async ({ cli, berth, options }) => {
    const stack = await startStack({
      detach: options.detach === true,
      env: cli.env,
      onProgress: (message) => cli.stderr.write(`${message}\n`),
    });
    const status = await berth.status();
    return {
      json: status,
      text: formatStatus(status),
      after: options.detach ? undefined : () => holdStack(cli, stack),
    };
  });
}
