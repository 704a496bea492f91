import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createDeviceEmbedPage } from '../../activities/backfill/deviceEmbedPage.ts';
import { createDeviceActivities } from '../../activities/devices/deviceActivities.ts';
import { createFence } from '../../activities/devices/fence.ts';
import { createLeasedBridge } from '../../activities/devices/leasedBridge.ts';
import { createSharedCache } from '../../activities/embeddings/sharedCache.ts';
import type { Modules } from '../../activities/ingest/records.ts';
import { readHeader } from '../../activities/ingest/safetensors/readHeader.ts';
import { shardIndex } from '../../activities/ingest/shardIndex.ts';
import { readModules, readPlan } from '../../activities/ingest/stagingFiles.ts';
import { createLogger } from '../../activities/platform/logging.ts';
import { findPython } from '../../activities/platform/python.ts';
import { type StartBridgeOptions, startBridge } from '../../workers/bridge.ts';
import type { IngestRequest } from '../../workflows/contracts/ingest.ts';
import type { Lease } from '../../workflows/contracts/lease.ts';
import { ingestHost, ingestRequest } from './ingestHost.ts';

export const deviceId = 'test.cpu0';

/** A lease on the rig's device. */
export function leaseOf(epoch: number, expiresAt = Date.now() + 600_000): Lease {
  return {
    leaseId: `lease-${epoch}`,
    pool: 'default',
    team: 'test',
    expiresAt,
    devices: [
      {
        deviceId,
        taskQueue: `device.${deviceId}`,
        hostId: 'h',
        epoch,
        liveEpochs: [epoch],
        milli: 1000,
        memoryMib: 0,
      },
    ],
  };
}

export interface Quantized {
  artifactId: string;
  /** The folder that a consumer would see, but for carried files. */
  folder: string;
  shards: string[];
  modules: Modules;
}

/** The activities of one device and of its host over a real bridge, in folders of their own. */
export async function deviceRig(options: Partial<StartBridgeOptions> = {}, shm?: string) {
  const host = await ingestHost({ shm });
  const { paths, activities } = host;
  const logger = createLogger('test', 'fatal');
  const started: number[] = [];
  const bridge = createLeasedBridge({
    fence: createFence({ path: paths.device(deviceId).fence, deviceId }),
    async start() {
      const running = await startBridge({ python: findPython(), logger, ...options });
      started.push(running.pid);
      return running;
    },
  });
  onTestFinished(() => bridge.close());
  const cache = createSharedCache({ paths, env: {} });
  onTestFinished(() => cache.close());
  const sourceDeps = { allowed: [], env: {} };
  const embedPage = createDeviceEmbedPage({ bridge, paths, sourceDeps, cache, logger });
  const device = createDeviceActivities({ deviceId, bridge, paths, logger, embedPage });

  /** Inspects, resolves and plans; the shards are still to be made. */
  const prepare = async (source: string, more: Partial<IngestRequest>, lease = leaseOf(1)) => {
    const artifactId = randomBytes(16).toString('hex');
    const request = ingestRequest(source, more);
    await activities.inspectSource({ artifactId, request, listingSha256: '' });
    const summary = await device.resolveModules({ artifactId, lease, ...request });
    const plan = await activities.planShards({ artifactId, request });
    return { artifactId, summary, plan };
  };

  const quantize = async (source: string, more: Partial<IngestRequest>): Promise<Quantized> => {
    const { artifactId, plan } = await prepare(source, more);
    const staging = paths.staging(artifactId);
    const folder = join(paths.candidate(artifactId));
    await mkdir(folder, { recursive: true });
    const sealed = [];
    for (const { index, file } of plan.shards) {
      await device.quantizeShard({ artifactId, lease: leaseOf(1), index });
      await rename(join(paths.scratch(artifactId), file), join(folder, file));
      const { tensors } = await readHeader(join(folder, file), file);
      sealed.push({ path: file, tensors });
    }
    await copyFile(staging.config, join(folder, 'config.json'));
    if (sealed.length > 1) {
      const { shards } = await readPlan(staging);
      await writeFile(join(folder, 'model.safetensors.index.json'), shardIndex(shards, sealed));
    }
    const modules = await readModules(staging);
    return { artifactId, folder, shards: plan.shards.map(({ file }) => file), modules };
  };

  return { ...host, bridge, device, prepare, quantize, started };
}
