import { join } from 'node:path';

/** Every place where Berth keeps files. Pure: nothing is created here. */
export function createPaths(home: string, shm: string) {
  const store = join(home, 'store');
  const staging = join(store, 'staging');
  return {
    home,
    shm,
    hostId: join(home, 'host-id'),
    keys: join(home, 'keys'),
    trust: join(home, 'trust'),
    seenTags: join(home, 'trust', 'seen-tags.json'),
    run: join(home, 'run'),
    stack: join(home, 'run', 'stack.json'),
    /** Unix socket of the supervisor, for `berth run` (workers/commands/protocol.ts). */
    commandSocket: join(home, 'run', 'commands.sock'),
    /** One record a registered command, for a supervisor that starts again. */
    commands: join(home, 'run', 'commands'),
    /** One record a `berth run` that waits or runs, for a supervisor that starts again. */
    holds: join(home, 'run', 'holds'),
    devicesFile: join(home, 'run', 'devices.json'),
    /** Devices that the local scaler has taken out of their pool. */
    parked: join(home, 'run', 'parked.json'),
    logs: join(home, 'logs'),
    temporalDatabase: join(home, 'temporal', 'temporal.db'),
    warmIndex: join(home, 'warm', 'index.json'),
    /** Vectors by model and text, shared by all backfills (LMDB). */
    embeddingCache: join(home, 'cache', 'embeddings'),
    /** Data of the stack's own vector store. */
    chroma: join(home, 'stores', 'chroma'),
    backfillsRoot: join(home, 'backfills'),
    /** How fast each model embedded in former jobs, for estimates. */
    embeddingRates: join(home, 'backfills', 'rates.json'),
    /** Where the sources of each collection lay (activities/backfill/sourcePlaces.ts). */
    sourcePlaces: join(home, 'backfills', 'places'),
    backfill: (jobId: string) => {
      const root = join(home, 'backfills', jobId);
      return {
        root,
        /** What was read: ids, digests, numbers of chunks, and the verification's sample (LMDB). */
        ledger: join(root, 'ledger'),
        /** Dead letters by page and step, gathered into `deadLetters` at the end. */
        failures: join(root, 'failures'),
        deadLetters: join(root, 'dead-letters.jsonl'),
        /** Queries of the verification's known items with their vectors. */
        knownItems: join(root, 'known-items.json'),
        /** What a source unpacks. */
        scratch: join(root, 'scratch'),
      };
    },
    /** Pages between embedding and writing: texts and vectors. */
    pagesRoot: join(shm, 'pages'),
    pages: (jobId: string) => join(shm, 'pages', jobId),
    /** Queries between the query worker and its bridge; nothing of them outlives the worker. */
    queries: join(shm, 'pages', 'queries'),
    device: (deviceId: string) => ({
      lock: join(home, 'devices', deviceId, 'lock'),
      fence: join(home, 'devices', deviceId, 'fence.json'),
    }),
    store: {
      root: store,
      lock: join(store, 'lock'),
      blobs: (artifactId: string) => join(store, 'blobs', artifactId),
      blobsRoot: join(store, 'blobs'),
      manifests: join(store, 'manifests'),
      manifest: (digest: string) => join(store, 'manifests', `${digest}.json`),
      wraps: (artifactId: string) => join(store, 'wraps', `${artifactId}.json`),
      wrapsRoot: join(store, 'wraps'),
      tags: join(store, 'tags'),
      tag: (name: string, tag: string) =>
        join(store, 'tags', ...name.split('/'), '@', `${tag}.json`),
      stagingRoot: staging,
    },
    staging: (artifactId: string) => {
      const root = join(staging, artifactId);
      return {
        root,
        /** What inspectSource found (records.ts, Inspection). */
        inspection: join(root, 'inspection.json'),
        /** Files of the source that were scanned already, for a retry (scanRecords.ts). */
        scans: join(root, 'scans'),
        /** What the bridge resolved (records.ts, Modules). */
        modules: join(root, 'modules.json'),
        /** config.json as the consumer will see it, written by the bridge when quantizing. */
        config: join(root, 'config.json'),
        /** Which tensors go into which shard and how (records.ts, ShardPlan). */
        plan: join(root, 'plan.json'),
        /** One SealedFile record a file. */
        sealed: join(root, 'sealed'),
        blobs: join(root, 'blobs'),
        wraps: join(root, 'wraps.json'),
        omsBundle: join(root, 'model.sig'),
      };
    },
    /** Plaintext of shards between quantizing and sealing; shared memory only. */
    scratchRoot: join(shm, 'scratch'),
    scratch: (artifactId: string) => join(shm, 'scratch', artifactId),
    candidatesRoot: join(shm, 'candidates'),
    candidate: (artifactId: string) => join(shm, 'candidates', artifactId),
    modelsRoot: join(shm, 'models'),
    model: (contentDigest: string) => join(shm, 'models', contentDigest),
  };
}

export type Paths = ReturnType<typeof createPaths>;
