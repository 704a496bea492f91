import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createKeyfileProvider } from '../../../activities/artifacts/keys/keyfileProvider.ts';
import { createStaging } from '../../../activities/artifacts/staging/staging.ts';
import type { Bridge } from '../../../activities/devices/bridge.ts';
import {
  quantizeShardMethod,
  resolveModulesMethod,
} from '../../../activities/devices/bridgeMethods.ts';
import { createIngestActivities } from '../../../activities/ingest/ingestActivities.ts';
import { createLogger } from '../../../activities/platform/logging.ts';
import { createPaths } from '../../../activities/platform/paths.ts';
import { findPython } from '../../../activities/platform/python.ts';
import { startBridge } from '../../../workers/bridge.ts';
import type { IngestRequest } from '../../../workflows/contracts/ingest.ts';
import { sampleMemory } from '../memorySampler.ts';

export interface StageOptions {
  source: string;
  quantize: 'int8' | 'nf4' | 'fp4';
  doubleQuant: boolean;
  threads: number;
  home: string;
  shm: string;
}

export interface StageResult {
  /** Resolving the modules and making every shard, the bridge's libraries being imported. */
  seconds: number;
  /**
   * Greatest private and shared bytes of worker and bridge plus scratch, less those of the worker
   * before it has a bridge and less one shard.
   */
  extraBytes: number;
  /** The same with the shard. */
  peakBytes: number;
  /** Until the bridge greets. */
  startSeconds: number;
  /** What its first call takes, which imports the libraries. */
  importSeconds: number;
}

/** Runs Berth's quantize stage as a device worker does; each shard is deleted once it is made. */
export async function runQuantizeStage(options: StageOptions): Promise<StageResult> {
  const { source, quantize, doubleQuant, threads, home, shm } = options;
  const paths = createPaths(home, shm);
  const logger = createLogger('bench', 'fatal');
  const staging = createStaging({ paths, keyProviders: [createKeyfileProvider(paths.keys)] });
  const host = createIngestActivities({ paths, staging, config: { sources: [] }, logger });
  const artifactId = randomBytes(16).toString('hex');
  const request = { ...requestFor(source), quantize, doubleQuant };
  const files = paths.staging(artifactId);
  await host.inspectSource({ artifactId, request, listingSha256: '' });

  const memory = sampleMemory([process.pid], [paths.scratch(artifactId)]);
  const begun = performance.now();
  const bridge = await startBridge({ python: findPython(), logger, threads });
  const startSeconds = secondsSince(begun);
  try {
    const resolve = () =>
      bridge.call(resolveModulesMethod, { ...files, quantize, doubleQuant, skipModules: null });
    const importing = performance.now();
    await resolve();
    const importSeconds = secondsSince(importing);

    const started = performance.now();
    await resolve();
    const { shards } = await host.planShards({ artifactId, request });
    let largest = 0;
    for (const { index, file } of shards) {
      const output = join(paths.scratch(artifactId), file);
      largest = Math.max(largest, await makeShard(bridge, files, index, output));
    }
    const seconds = secondsSince(started);
    const peakBytes = memory.stop() - memory.first;
    return { seconds, extraBytes: peakBytes - largest, peakBytes, startSeconds, importSeconds };
  } finally {
    memory.stop();
    await bridge.kill();
    await rm(files.root, { recursive: true, force: true });
  }
}

async function makeShard(
  bridge: Bridge,
  { plan, inspection }: { plan: string; inspection: string },
  index: number,
  output: string,
): Promise<number> {
  const { bytes } = await bridge.call(quantizeShardMethod, { plan, index, inspection, output });
  await rm(output);
  return bytes;
}

function requestFor(source: string): IngestRequest {
  return {
    source,
    name: 'bench',
    tag: 'latest',
    quantize: 'nf4',
    doubleQuant: false,
    shardBytes: 512 * 2 ** 20,
    gate: {},
    strict: false,
  };
}

const secondsSince = (then: number) => (performance.now() - then) / 1000;
