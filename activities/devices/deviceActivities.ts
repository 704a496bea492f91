import { existsSync } from 'node:fs';
import type {
  DeviceActivities,
  EvaluateGateInput,
  QuantizeShardInput,
  ResolveModulesInput,
} from '../../workflows/contracts/activities.ts';
import type { EmbeddingActivities } from '../../workflows/contracts/backfill/activities.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { requireSharedMemory } from '../artifacts/plaintext/sharedMemory.ts';
import { removePartials, scratchFile } from '../ingest/scratch.ts';
import { shortenNames } from '../ingest/shortenNames.ts';
import { readPlan, shardOf } from '../ingest/stagingFiles.ts';
import type { Logger } from '../platform/logging.ts';
import type { Paths } from '../platform/paths.ts';
import { callBridge } from './bridgeCall.ts';
import { evaluateGateMethod, quantizeShardMethod, resolveModulesMethod } from './bridgeMethods.ts';
import { judgeGate } from './gateJudgement.ts';
import type { LeasedBridge } from './leasedBridge.ts';

export interface DeviceActivitiesDeps {
  deviceId: string;
  bridge: LeasedBridge;
  paths: Paths;
  logger: Logger;
  embedPage: EmbeddingActivities['embedPage'];
}

/** Activities of one device. Each runs on the bridge of the lease that it carries. */
export function createDeviceActivities(
  deps: DeviceActivitiesDeps,
): DeviceActivities & EmbeddingActivities {
  return {
    embedPage: deps.embedPage,
    resolveModules: (input) => resolveModules(deps, input),
    quantizeShard: (input) => quantizeShard(deps, input),
    evaluateGate: (input) => evaluateGate(deps, input),
    async clearDevice({ lease }) {
      await deps.bridge.clear(lease);
      deps.logger.info({ deviceId: deps.deviceId, lease: lease.leaseId }, 'device cleared');
    },
  };
}

/** @throws BerthError LeaseFenced, BridgeFailed, InvalidModel, UnsupportedModel, SourceChanged */
async function resolveModules(
  { bridge, paths }: DeviceActivitiesDeps,
  { lease, artifactId, quantize, doubleQuant, skipModules }: ResolveModulesInput,
) {
  const { inspection, modules, config } = paths.staging(artifactId);
  const resolved = await callBridge(await bridge.use(lease), resolveModulesMethod, {
    inspection,
    modules,
    config,
    quantize,
    doubleQuant,
    skipModules: skipModules ?? null,
  });
  return { ...resolved, droppedTensors: shortenNames(resolved.droppedTensors) };
}

/** @throws BerthError LeaseFenced, BridgeFailed, NotWarmable, SourceChanged, OutOfSpace, NonFiniteTensor */
async function quantizeShard(
  { bridge, paths }: DeviceActivitiesDeps,
  { lease, artifactId, index }: QuantizeShardInput,
) {
  const started = performance.now();
  const staging = paths.staging(artifactId);
  const { file } = shardOf(await readPlan(staging), index);
  const output = scratchFile(paths, artifactId, file);
  const running = await bridge.use(lease);
  await requireSharedMemory(paths.scratch(artifactId));
  await removePartials(output);
  const { plan, inspection } = staging;
  const { bytes } = await callBridge(running, quantizeShardMethod, {
    plan,
    index,
    inspection,
    output,
  });
  return { files: 1, bytes, seconds: (performance.now() - started) / 1000 };
}

/** @throws BerthError LeaseFenced, BridgeFailed, ScratchLost, InvalidRequest (calibration), AccuracyGateFailed (outputs not finite) */
async function evaluateGate({ bridge, paths }: DeviceActivitiesDeps, input: EvaluateGateInput) {
  const { lease, artifactId, candidate, kind, quantize, thresholds, calibration } = input;
  if (quantize === 'none') {
    throw berthError(
      'InvalidRequest',
      'gate: nothing was quantized, so there is nothing to compare',
    );
  }
  if (!existsSync(candidate)) {
    throw berthError(
      'ScratchLost',
      `${candidate}: the candidate is gone from shared memory; it has to be opened again`,
    );
  }
  const measured = await callBridge(await bridge.use(lease), evaluateGateMethod, {
    inspection: paths.staging(artifactId).inspection,
    candidate,
    kind,
    calibration: calibration ?? null,
  });
  return { ...judgeGate(measured, kind, quantize, thresholds), seconds: measured.seconds };
}
