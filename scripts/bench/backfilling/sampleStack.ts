import { findSampleModel } from '../../../activities/platform/python.ts';
import { type OwnStack, startOwnStack } from '../ingesting/ownStack.ts';
import type { Tidy } from '../ingesting/tidily.ts';

/** What a process does only once: code is read and compiled, connections are made. */
export const warmUpRecords = 100;

/** Name under which the sample model is ingested. */
export const sampleModel = 'bench';

/**
 * A stack of its own with the sample model, all-MiniLM-L6-v2, brought in as it is.
 * @param coreSets of its devices, as in BERTH_DEVICES
 * @returns the stack, and the folder of the warm copy
 */
export async function startSampleStack(
  folders: { store: string; shm: string },
  coreSets: string,
  tidy: Tidy,
): Promise<OwnStack & { modelPath: string }> {
  const own = await startOwnStack({ ...folders, more: { BERTH_DEVICES: coreSets } }, tidy);
  const source = findSampleModel();
  const job = await own.berth.ingest({ source, name: sampleModel, quantize: 'none' });
  await job.result();
  const { path } = await own.berth.warm(sampleModel);
  return { ...own, modelPath: path };
}
