import { condition } from '@temporalio/workflow';
import type { PartitionContext } from './context.ts';

/** A page that may not begin for longer than this is waited for without a device, ms. */
const longestIdleMs = 30_000;

/** Time until the next page may begin at the rate that is asked for, ms; 0: now. */
export function untilNextPage({ control, pageRecords, pageBeganAt }: PartitionContext): number {
  const { recordsPerSecond } = control;
  if (recordsPerSecond === null || pageBeganAt === 0) return 0;
  const intervalMs = (1000 * pageRecords) / recordsPerSecond;
  return Math.max(0, Math.ceil(pageBeganAt + intervalMs - Date.now()));
}

/** Whether the next page is to begin soon enough that the device is kept for it. */
export const beginsSoon = (context: PartitionContext): boolean =>
  untilNextPage(context) <= longestIdleMs;

/** Waits until the next page may begin, or the control says something else. */
export async function awaitPace(context: PartitionContext): Promise<void> {
  for (let left = untilNextPage(context); left > 0; left = untilNextPage(context)) {
    const { control } = context;
    if (control.paused) return;
    await condition(() => context.control !== control, left);
  }
}
