import type { LeasedBridge } from '../../activities/devices/leasedBridge.ts';
import type { Logger } from '../../activities/platform/logging.ts';
import { controlMessageSchema, sendToParent } from '../supervisor/messages.ts';

/**
 * Ends leases when the supervisor says that they are over. What cannot be ended is not answered: the
 * supervisor then ends this process.
 */
export function obeyEndings(bridge: Pick<LeasedBridge, 'end'>, logger: Logger): void {
  process.on('message', (raw) => {
    const message = controlMessageSchema.safeParse(raw).data;
    if (message === undefined) return;
    const { epoch } = message;
    bridge.end(epoch).then(
      () => {
        logger.info({ epoch }, 'lease ended by the supervisor');
        return sendToParent({ type: 'leaseEnded', epoch });
      },
      (error) => logger.error({ epoch, error: String(error) }, 'lease could not be ended'),
    );
  });
}
