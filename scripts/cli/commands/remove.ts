import type { Berth } from '../../../workers/client/berth.ts';
import { BerthError, type FailureType } from '../../../workflows/contracts/errors.ts';
import { defineAction, type Registry } from '../action.ts';
import { askConsent } from '../consent.ts';
import { formatBytes } from '../format/units.ts';

const damage = new Set<FailureType>(['ArtifactCorrupt', 'SignatureInvalid', 'RollbackDetected']);

interface Flags {
  force?: boolean;
  yes?: boolean;
}

export function registerRemove(registry: Registry): void {
  const command = registry.program
    .command('remove')
    .description('remove a version for good, keys first')
    .argument('<ref>', 'name, name:tag or name@sha256:<digest>')
    .option('--force', 'also when other tags name the version')
    .option('--yes', 'do not ask');
  defineAction<Flags>(registry, command, async ({ cli, berth, options }, ref = '') => {
    // Without a question nothing is looked up: an interrupted removal can be finished, too.
    const what = options.yes ? ref : await describe(berth, ref);
    const question = `Remove ${what} for good?`;
    if (!(await askConsent(cli, options.yes, `remove ${ref}`, question))) {
      return { json: { removed: false }, text: 'nothing removed', exitCode: 1 };
    }
    const result = await berth.remove(ref, { force: options.force });
    const tags = result.tags.length > 0 ? ` with tags ${result.tags.join(', ')}` : '';
    return {
      json: result,
      text: `removed sha256:${result.digest}${tags}: ${formatBytes(result.freedBytes)} freed`,
    };
  });
}

/** A version that does not verify any more must be removable, too. */
async function describe(berth: Berth, ref: string): Promise<string> {
  try {
    return (await berth.show(ref)).artifact;
  } catch (error) {
    if (!(error instanceof BerthError) || !damage.has(error.type)) throw error;
    return `${ref} (damaged: ${error.message})`;
  }
}
