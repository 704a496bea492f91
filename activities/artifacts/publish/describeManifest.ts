import type { PublishInput } from '../../../workflows/contracts/activities.ts';
import { formatVersion, type Manifest } from '../../../workflows/contracts/manifest.ts';
import type { Inspection, Modules, SealedFile, ShardPlan } from '../../ingest/records.ts';
import { rootDigest, sortTree } from '../oms/resources.ts';

/** What the steps before publishing left in staging. */
export interface PublishRecords {
  /** Version of Berth. */
  berth: string;
  sealed: readonly SealedFile[];
  inspection: Inspection;
  plan: ShardPlan;
  /** undefined for `--quantize none`. */
  modules: Modules | undefined;
}

/** Files of the plaintext tree in the order in which their root digest is taken. */
export function treeOf(sealed: readonly SealedFile[]) {
  return sortTree(sealed).map(({ path, plaintextSha256 }) => ({ path, sha256: plaintextSha256 }));
}

/** Paths that were planned but never sealed: publishing them would make a model that cannot load. */
export function missingFiles({ sealed, plan }: Pick<PublishRecords, 'sealed' | 'plan'>): string[] {
  const present = new Set(sealed.map(({ path }) => path));
  return [...plan.shards.map(({ file }) => file), ...plan.carried.map(({ path }) => path)].filter(
    (path) => !present.has(path),
  );
}

/** Builds the manifest from what is recorded: a retry gets the same bytes. Pure. */
export function describeManifest(
  input: PublishInput,
  records: PublishRecords,
  parent: string | null,
  omsBundle: unknown,
): Manifest {
  const { request } = input;
  const { berth, sealed, inspection, plan, modules } = records;
  return {
    formatVersion,
    artifactId: input.artifactId,
    name: request.name,
    contentDigest: rootDigest(treeOf(sealed)),
    parent,
    createdAt: input.createdAt,
    workflow: { workflowId: input.workflow.workflowId, runId: input.workflow.runId },
    source: {
      files: inspection.files.length,
      bytes: inspection.sourceBytes,
      listingSha256: input.listingSha256,
      leftOut: inspection.leftOut,
      droppedTensors: modules?.droppedTensors ?? [],
    },
    quantization: {
      method: request.quantize,
      doubleQuant: request.quantize !== 'none' && request.doubleQuant,
      quantizedModules: input.quantizedModules,
      skippedModules: modules?.skippedModules ?? [],
    },
    shards: plan.shards.length,
    tools: { ...input.tools, berth },
    gate: input.gate,
    files: sortTree(sealed).map(
      ({ path, plaintextBytes, plaintextSha256, ciphertextBytes, ciphertextSha256, blob }) => ({
        path,
        plaintextBytes,
        plaintextSha256,
        ciphertextBytes,
        ciphertextSha256,
        blob,
      }),
    ),
    omsBundle,
  };
}
