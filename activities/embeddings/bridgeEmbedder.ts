import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddingSpec } from '../../workflows/contracts/backfill/request.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import type { Bridge } from '../devices/bridge.ts';
import { embedTextsMethod } from '../devices/bridgeMethods.ts';
import type { Embedded, Embedder, EmbedOptions } from './embedder.ts';
import { vectorRows } from './vectorBytes.ts';

export interface BridgeEmbedderDeps {
  bridge: Bridge;
  /** Folder of the warm copy. */
  modelPath: string;
  spec: EmbeddingSpec;
  /** Folder for texts and vectors on their way; in shared memory. Made when it is not there. */
  scratch: string;
  batching?: EmbedBatching;
}

/** Default: by length, as many tokens a batch as suit the device. */
export type EmbedBatching =
  | { kind: 'length-sorted'; tokenBudget?: number }
  | { kind: 'fixed'; batchSize: number };

/** Embeds with a model that the bridge loads at the first call and keeps. */
export function createBridgeEmbedder(deps: BridgeEmbedderDeps): Embedder {
  const { bridge, modelPath, spec, scratch, batching = { kind: 'length-sorted' } } = deps;
  return {
    spec,
    async embed(texts, options = {}) {
      if (texts.length === 0) return [];
      const base = join(scratch, `embed-${randomBytes(8).toString('hex')}`);
      const [input, output] = [`${base}.jsonl`, `${base}.f32`];
      await mkdir(scratch, { recursive: true, mode: 0o700 });
      try {
        await writeFile(input, texts.map((text) => `${JSON.stringify(text)}\n`).join(''), {
          mode: 0o600,
        });
        const { pooling, normalize, dimensions, maxTokens } = spec;
        const answer = await bridge.call(
          embedTextsMethod,
          {
            model: modelPath,
            texts: input,
            output,
            pooling,
            normalize,
            dimensions,
            maxTokens,
            batching: batching.kind,
            tokenBudget: (batching.kind === 'length-sorted' && batching.tokenBudget) || null,
            batchSize: batching.kind === 'fixed' ? batching.batchSize : null,
          },
          { signal: options.signal, onProgress: textsDone(texts.length, options) },
        );
        const rows = vectorRows(await readFile(output), dimensions);
        if (rows?.length !== texts.length) {
          throw berthError(
            'EmbedderFailed',
            `${modelPath}: the bridge wrote another number of vectors than the ${texts.length} texts have`,
          );
        }
        return withFailures(rows, answer);
      } finally {
        await rm(input, { force: true });
        await rm(output, { force: true });
      }
    },
  };
}

/** The bridge counts finer steps than texts. */
function textsDone(total: number, { onProgress }: EmbedOptions) {
  if (onProgress === undefined) return undefined;
  return ({ bytes, totalBytes }: { bytes: number; totalBytes: number }) =>
    onProgress(totalBytes === 0 ? 0 : Math.floor((bytes / totalBytes) * total), total);
}

function withFailures(
  rows: Float32Array[],
  { refused, notFinite }: { refused: { index: number; reason: string }[]; notFinite: number[] },
): Embedded[] {
  const embedded: Embedded[] = rows.map((vector) => ({ vector }));
  for (const { index, reason } of refused) {
    embedded[index] = { failure: { kind: 'embedding-refused', reason } };
  }
  for (const index of notFinite) {
    const reason = 'the model gives NaN or infinity for this text';
    embedded[index] = { failure: { kind: 'embedding-not-finite', reason } };
  }
  return embedded;
}
