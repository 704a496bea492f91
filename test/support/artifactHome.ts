import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Artifacts, createArtifacts } from '../../activities/artifacts/artifacts.ts';
import { removeTree } from '../../activities/artifacts/plaintext/folder.ts';
import { type PublishDeps, publishArtifact } from '../../activities/artifacts/publish/publish.ts';
import type { Inspection, ShardPlan } from '../../activities/ingest/records.ts';
import { writeJsonAtomic } from '../../activities/platform/atomicFile.ts';
import { createLogger } from '../../activities/platform/logging.ts';
import { createPaths, type Paths } from '../../activities/platform/paths.ts';
import type { PublishInput, PublishResult } from '../../workflows/contracts/activities.ts';

export type ModelFiles = Record<string, Uint8Array>;

export interface ArtifactHome {
  root: string;
  paths: Paths;
  artifacts: Artifacts;
  /** Another process's view of the same folders: nothing is shared in memory. */
  reopen(options?: { shmBudget?: number; minimumResidencyMs?: number }): Artifacts;
  /** Seals files under a new artifact id, ready for publishing. */
  stage(files: ModelFiles, artifactId?: string): Promise<string>;
  publish(
    artifactId: string,
    options?: { name?: string; tag?: string; onStep?: PublishDeps['onStep'] },
  ): Promise<PublishResult>;
  ingest(files: ModelFiles, options?: { name?: string; tag?: string }): Promise<PublishResult>;
  remove(): Promise<void>;
}

/** A BERTH_HOME on disk and a BERTH_SHM in shared memory, with everything of the artifact store. */
export async function createArtifactHome(
  options: {
    /** BERTH_HOME; default a new folder. */
    home?: string;
    shm?: string;
    shmBudget?: number;
    minimumResidencyMs?: number;
  } = {},
): Promise<ArtifactHome> {
  const root = await mkdtemp(join(tmpdir(), 'berth-artifacts-'));
  const shm = options.shm ?? (await mkdtemp('/dev/shm/berth-artifacts-'));
  const paths = createPaths(options.home ?? join(root, 'home'), shm);
  const logger = createLogger('test', 'fatal');
  const reopen: ArtifactHome['reopen'] = (changes = {}) => {
    const { shmBudget, minimumResidencyMs } = { ...options, ...changes };
    return createArtifacts({ paths, config: { shmBudget }, logger, minimumResidencyMs });
  };
  const artifacts = reopen();

  const stage: ArtifactHome['stage'] = async (
    files,
    artifactId = randomBytes(16).toString('hex'),
  ) => {
    await artifacts.staging.begin(artifactId);
    for (const [path, bytes] of Object.entries(files)) {
      const input = join(root, 'input', artifactId, path);
      await mkdir(dirname(input), { recursive: true });
      await writeFile(input, bytes);
      await artifacts.staging.seal(artifactId, { path, input });
    }
    await rm(join(root, 'input', artifactId), { recursive: true, force: true });
    await writeRecords(paths, artifactId, Object.keys(files));
    return artifactId;
  };

  const publish: ArtifactHome['publish'] = (artifactId, { name, tag, onStep } = {}) =>
    publishArtifact({ ...artifacts, onStep }, publishInput(artifactId, name, tag));

  return {
    root,
    paths,
    artifacts,
    reopen,
    stage,
    publish,
    ingest: async (files, how) => publish(await stage(files), how),
    async remove() {
      await removeTree(root);
      // What the test brought is the test's to remove.
      if (options.shm === undefined) await removeTree(shm);
    },
  };
}

/** Some files of a model's shape: nested, empty, a segment and a bit, and small ones. */
export function sampleFiles(weightBytes = 3 * 2 ** 20 + 17): ModelFiles {
  return {
    'config.json': Buffer.from('{"architectures":["BertModel"]}'),
    'model.safetensors': randomBytes(weightBytes),
    '1_Pooling/config.json': Buffer.from('{"pooling_mode_mean_tokens":true}'),
    'special tokens.txt': Buffer.alloc(0),
  };
}

export function publishInput(artifactId: string, name = 'acme/mini', tag = 'latest'): PublishInput {
  return {
    artifactId,
    request: {
      source: '/models/mini',
      name,
      tag,
      quantize: 'none',
      doubleQuant: false,
      shardBytes: 2 ** 29,
      gate: {},
      strict: false,
    },
    createdAt: '2026-01-02T03:04:05.678Z',
    workflow: { workflowId: `ingest/${name}/${tag}/0123456789`, runId: 'run' },
    listingSha256: 'ab'.repeat(32),
    gate: null,
    tools: {},
    quantizedModules: 0,
  };
}

async function writeRecords(paths: Paths, artifactId: string, files: string[]): Promise<void> {
  const inspection: Inspection = {
    source: '/models/mini',
    files: [],
    tensors: [],
    leftOut: ['pytorch_model.bin'],
    sourceBytes: 12,
  };
  const shards = files.filter((path) => path.endsWith('.safetensors'));
  const plan: ShardPlan = {
    quantize: 'none',
    doubleQuant: false,
    shards: shards.map((file, index) => ({
      index,
      file,
      tensors: [],
      sourceBytes: 1,
      maxBytes: 1,
    })),
    carried: files
      .filter((path) => !shards.includes(path))
      .map((path) => ({ path, realPath: `/models/mini/${path}` })),
  };
  await writeJsonAtomic(paths.staging(artifactId).inspection, inspection);
  await writeJsonAtomic(paths.staging(artifactId).plan, plan);
}
