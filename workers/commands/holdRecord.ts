import { z } from 'zod';
import type { Logger } from '../../activities/platform/logging.ts';
import { createRecordStore, type RecordStore } from './recordStore.ts';

const recordSchema = z.object({ pool: z.string().min(1), requestId: z.string().min(1) });
/** A request whose `berth run` lives, or lived when its supervisor did. */
export type HoldRecord = z.infer<typeof recordSchema>;

export const createHoldStore = (folder: string, logger: Logger): RecordStore<HoldRecord> =>
  createRecordStore({
    folder,
    schema: recordSchema,
    idOf: ({ requestId }) => requestId,
    logger,
  });
