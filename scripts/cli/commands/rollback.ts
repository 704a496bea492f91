import { defineAction, type Registry } from '../action.ts';

export function registerRollback(registry: Registry): void {
  const command = registry.program
    .command('rollback')
    .description('make the version before the current one live again, at once')
    .argument('<collection>', 'as berth collections lists it')
    .option('--store <store>', "default chroma, the stack's own");
  defineAction<{ store?: string }>(registry, command, async ({ berth, options }, name = '') => {
    const result = await berth.rollback(name, { store: options.store });
    const { collection, store, from, to } = result;
    return { json: result, text: `${collection} in ${store}: ${to} is live, it was ${from}` };
  });
}
