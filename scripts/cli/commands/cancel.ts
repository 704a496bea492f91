import { BerthError } from '../../../workflows/contracts/errors.ts';
import { defineAction, type Registry } from '../action.ts';

export function registerCancel(registry: Registry): void {
  const command = registry.program
    .command('cancel')
    .description('stop a job and wait until it has tidied up')
    .argument('<workflow-id>', 'as ingest --detach printed it');
  defineAction(registry, command, async ({ berth }, workflowId = '') => {
    const handle = await berth.attach(workflowId);
    await handle.cancel();
    try {
      await handle.result();
    } catch (error) {
      if (!(error instanceof BerthError) || error.type !== 'JobCancelled') throw error;
      return {
        json: { workflowId, cancelled: true },
        text: `${workflowId}: cancelled; nothing was published`,
      };
    }
    return {
      json: { workflowId, cancelled: false },
      text: `${workflowId}: was done before it could be cancelled`,
      exitCode: 1,
    };
  });
}
