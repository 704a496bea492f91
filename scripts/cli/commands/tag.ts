import { defineAction, type Registry } from '../action.ts';

export function registerTag(registry: Registry): void {
  const command = registry.program
    .command('tag')
    .description('point a tag at a version')
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>')
    .argument('<tag>', 'tag to create or move, such as stable');
  defineAction(registry, command, async ({ berth }, ref = '', tag = '') => {
    const result = await berth.tag(ref, tag);
    return {
      json: result,
      text: `${result.name}:${result.tag} → sha256:${result.digest} (sequence ${result.sequence})`,
    };
  });
}
