import type {
  InspectionSummary,
  InspectSourceInput,
} from '../../workflows/contracts/activities.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { writeJsonAtomic } from '../platform/atomicFile.ts';
import { heartbeatWhile } from '../platform/heartbeat.ts';
import type { IngestDeps } from './deps.ts';
import type { Inspection } from './records.ts';
import type { HeaderTensor } from './safetensors/header.ts';
import { excerpt } from './safetensors/strictJsonError.ts';
import { checkConfigs } from './source/checkConfigs.ts';
import { checkUnchanged } from './source/identity.ts';
import { floatTensors, inspectWeights } from './source/inspectWeights.ts';
import { listSource, type SourceListing } from './source/listSource.ts';
import { type ScanResult, scanFiles } from './source/scanFiles.ts';
import { type SourceSelection, selectFiles } from './source/selectFiles.ts';
import { verifySignature } from './source/verifySignature.ts';

/** Names of left-out files that a summary carries; all of them are in the inspection. */
const maxNames = 100;

/**
 * Checks a source, hashes it and leaves its inspection in staging.
 * @throws BerthError SourceNotAllowed, UnsafeSource, InvalidModel, InvalidSafetensors,
 *   UnsupportedModel, NonFiniteTensor, SourceChanged, SourceSignatureInvalid, OutOfSpace.
 */
export async function inspectSource(
  { paths, config, staging, logger }: IngestDeps,
  { artifactId, request, listingSha256 }: InspectSourceInput,
): Promise<InspectionSummary> {
  const started = performance.now();
  const listing = await listSource(request.source, config);
  // A schedule lists its source only now, when it runs.
  if (listingSha256 !== '' && listing.listingSha256 !== listingSha256) {
    throw berthError(
      'SourceChanged',
      `${listing.root}: files were added, removed or written to after the job was asked for; ingest again once nobody writes there`,
    );
  }
  const selection = await selectFiles(listing, request);
  await checkConfigs(selection.files, request.quantize);
  const { tensors, byFile } = await inspectWeights(selection);
  const scans = await scanSelection(selection, byFile);
  const files = selection.files.map((file, i) => ({ ...file, sha256: scans[i]?.sha256 as string }));
  if (request.verifyKeyPem !== undefined) {
    const { signature } = selection;
    const present = listing.files.map(({ path }) => path);
    await verifySignature({ signature, files, present }, request.verifyKeyPem);
  }
  await checkUnchanged(filesRead(selection));
  const sourceBytes = files.reduce((sum, { identity }) => sum + identity.size, 0);
  const { leftOut } = selection;
  await staging.begin(artifactId);
  const inspection: Inspection = { source: listing.root, files, tensors, leftOut, sourceBytes };
  await writeJsonAtomic(paths.staging(artifactId).inspection, inspection);
  logger.info(
    { artifactId, files: files.length, sourceBytes, leftOut: leftOut.length },
    'inspected',
  );
  return {
    files: files.length,
    tensors: tensors.length,
    sourceBytes,
    leftOut: shorten(leftOut),
    listingSha256: listing.listingSha256,
    seconds: (performance.now() - started) / 1000,
  };
}

async function scanSelection(
  { files }: SourceSelection,
  byFile: ReadonlyMap<string, HeaderTensor[]>,
): Promise<ScanResult[]> {
  const floats = files.map(({ path }) => floatTensors(byFile.get(path) ?? []));
  const job = scanFiles(
    files.map((file, index) => ({
      file,
      ranges: (floats[index] ?? []).map(({ offset, bytes, dtype }) => ({
        offset,
        length: bytes,
        dtype,
      })),
    })),
  );
  const scans = await heartbeatWhile(
    job,
    files.reduce((sum, { identity }) => sum + identity.size, 0),
  );
  for (const [index, { nonFinite }] of scans.entries()) {
    const first = nonFinite[0];
    const tensor = floats[index]?.[first?.range ?? -1];
    if (first === undefined || tensor === undefined) continue;
    const file = files[index]?.path;
    const others = nonFinite.length > 1 ? `, and ${nonFinite.length - 1} more tensors do` : '';
    throw berthError(
      'NonFiniteTensor',
      `${file}: tensor ${excerpt(tensor.name)} (${tensor.dtype} [${tensor.shape}]) holds NaN or infinity at element ${first.element}${others}; expected finite weights, repair the model`,
      { file, tensor: tensor.name, element: first.element },
    );
  }
  return scans;
}

function filesRead({ files, signature }: SourceSelection): SourceListing['files'] {
  return signature === undefined ? files : [...files, signature];
}

function shorten(names: readonly string[]): string[] {
  if (names.length <= maxNames) return [...names];
  return [...names.slice(0, maxNames), `… and ${names.length - maxNames} more`];
}
