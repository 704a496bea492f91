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
import { shortenNames } from './shortenNames.ts';
import { checkConfigs } from './source/checkConfigs.ts';
import { checkUnchanged } from './source/identity.ts';
import { floatTensors, inspectWeights } from './source/inspectWeights.ts';
import { listSource, type SourceListing } from './source/listSource.ts';
import { type ScanResult, scanFiles } from './source/scanFiles.ts';
import { createScanRecords, type ScanRecords } from './source/scanRecords.ts';
import { type SourceSelection, selectFiles } from './source/selectFiles.ts';
import { requireAllowedFile } from './source/sourceRoot.ts';
import { verifySignature } from './source/verifySignature.ts';

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
  if (request.calibration !== undefined) {
    await requireAllowedFile(request.calibration, config.sources);
  }
  const selection = await selectFiles(listing, request);
  await checkConfigs(selection.files, request.quantize);
  const { tensors, byFile } = await inspectWeights(selection);
  await staging.begin(artifactId);
  const records = createScanRecords(paths.staging(artifactId).scans);
  const digests = await scanSelection(selection, byFile, records);
  const files = selection.files.map((file, i) => ({ ...file, sha256: digests[i]! }));
  if (request.verifyKeyPem !== undefined) {
    const { signature } = selection;
    const present = listing.files.map(({ path }) => path);
    await verifySignature({ signature, files, present }, request.verifyKeyPem);
  }
  await checkUnchanged(filesRead(selection));
  const sourceBytes = bytesOf(files);
  const { leftOut } = selection;
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
    leftOut: shortenNames(leftOut),
    listingSha256: listing.listingSha256,
    seconds: (performance.now() - started) / 1000,
  };
}

/** Files that an earlier attempt scanned, and that are still the same, are not read again. */
async function scanSelection(
  { files }: SourceSelection,
  byFile: ReadonlyMap<string, HeaderTensor[]>,
  records: ScanRecords,
): Promise<string[]> {
  const known = await Promise.all(files.map((file) => records.find(file)));
  const unknown = files.filter((_, index) => known[index] === undefined);
  const floats = unknown.map(({ path }) => floatTensors(byFile.get(path) ?? []));
  const toScan = unknown.map((file, index) => ({ file, ranges: floats[index]!.map(rangeOf) }));
  const totalBytes = bytesOf(files);
  const scans = await heartbeatWhile(
    scanFiles(toScan, records.add),
    totalBytes,
    totalBytes - bytesOf(unknown),
  );
  for (const [index, { nonFinite }] of scans.entries()) {
    requireFinite(unknown[index]!.path, floats[index]!, nonFinite);
  }
  const scanned = scans.values();
  return known.map((sha256) => sha256 ?? (scanned.next().value as ScanResult).sha256);
}

function rangeOf({ offset, bytes, dtype }: HeaderTensor) {
  return { offset, length: bytes, dtype };
}

function bytesOf(files: SourceSelection['files']): number {
  return files.reduce((sum, { identity }) => sum + identity.size, 0);
}

function requireFinite(
  file: string,
  floats: readonly HeaderTensor[],
  nonFinite: ScanResult['nonFinite'],
): void {
  const first = nonFinite[0];
  const tensor = floats[first?.range ?? -1];
  if (first === undefined || tensor === undefined) return;
  const others = nonFinite.length > 1 ? `, and ${nonFinite.length - 1} more tensors do` : '';
  throw berthError(
    'NonFiniteTensor',
    `${file}: tensor ${excerpt(tensor.name)} (${tensor.dtype} [${tensor.shape}]) holds NaN or infinity at element ${first.element}${others}; expected finite weights, repair the model`,
    { file, tensor: tensor.name, element: first.element },
  );
}

function filesRead({ files, signature }: SourceSelection): SourceListing['files'] {
  return signature === undefined ? files : [...files, signature];
}
