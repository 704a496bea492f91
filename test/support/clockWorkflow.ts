import { condition, defineQuery, defineSignal, setHandler } from '@temporalio/workflow';

/** When it was first told, ms since the Unix epoch; null before. */
export const toldAtQuery = defineQuery<number | null>('toldAt');
export const tellSignal = defineSignal('tell');

/** Notes the time at which it hears a signal. */
export async function clockWorkflow(): Promise<void> {
  let toldAt: number | null = null;
  setHandler(tellSignal, () => {
    toldAt ??= Date.now();
  });
  setHandler(toldAtQuery, () => toldAt);
  await condition(() => false);
}
