import { z } from 'zod';
import { bridgeHelloSchema } from '../activities/devices/bridge.ts';

const progressSchema = z.object({
  bytes: z.number().nonnegative(),
  totalBytes: z.number().nonnegative(),
});

/** A line that the bridge writes (native/bridge/berth_bridge/channel.py). */
const messageSchema = z.union([
  z.strictObject({ hello: bridgeHelloSchema }),
  z.strictObject({ id: z.number(), progress: progressSchema }),
  z.strictObject({ id: z.number(), result: z.unknown() }),
  z.strictObject({
    id: z.number(),
    error: z.object({ type: z.string(), message: z.string() }),
  }),
]);
export type BridgeMessage = z.infer<typeof messageSchema>;

/** undefined for anything that is not a line of the protocol. */
export function parseBridgeMessage(line: string): BridgeMessage | undefined {
  try {
    return messageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
