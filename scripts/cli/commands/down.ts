import { stopStack } from '../../../workers/supervisor/stack.ts';
import { defineAction, type Registry } from '../action.ts';
import { pathsOf } from '../pathsOf.ts';

export function registerDown(registry: Registry): void {
  const command = registry.program
    .command('down')
    .description('drain and stop the stack; jobs go on at the next berth up');
  defineAction(registry, command, async ({ cli }) => {
    const paths = pathsOf(cli.env);
    const stopped = await stopStack(paths);
    return {
      json: { stopped },
      text: stopped ? 'the stack has stopped' : `no stack ran in ${paths.home}`,
    };
  });
}
