/** Task queue of the workflow worker. */
export const workflowTaskQueue = 'berth';

/** Namespace on the embedded server; elsewhere the profile's. */
export const defaultNamespace = 'berth';

export const hostTaskQueue = (hostId: string): string => `host.${hostId}`;
export const deviceTaskQueue = (deviceId: string): string => `device.${deviceId}`;
/** Embeds single texts for searches, on the host's processor and without a lease. */
export const queryTaskQueue = (hostId: string): string => `query.${hostId}`;

/** `name` of a model: lower case, one optional `/`, each part at most 63 characters. */
export const modelNamePattern = /^[a-z0-9][a-z0-9._-]{0,62}(\/[a-z0-9][a-z0-9._-]{0,62})?$/;
export const tagPattern = /^[a-z0-9][a-z0-9._-]{0,62}$/;
export const artifactIdPattern = /^[0-9a-f]{32}$/;
export const sha256Pattern = /^[0-9a-f]{64}$/;

/** `name`, `name:tag` or `name@sha256:<64 hex>`. */
export type ModelRef =
  | { name: string; tag: string; digest?: undefined }
  | { name: string; digest: string; tag?: undefined };

/** Parses a reference; `undefined` when it is malformed. A bare name means `latest`. */
export function parseModelRef(text: string): ModelRef | undefined {
  const at = text.indexOf('@');
  if (at >= 0) {
    const name = text.slice(0, at);
    const digest = text.slice(at + 1).replace(/^sha256:/, '');
    const valid =
      text.slice(at + 1).startsWith('sha256:') &&
      modelNamePattern.test(name) &&
      sha256Pattern.test(digest);
    return valid ? { name, digest } : undefined;
  }
  const colon = text.lastIndexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const tag = colon < 0 ? 'latest' : text.slice(colon + 1);
  return modelNamePattern.test(name) && tagPattern.test(tag) ? { name, tag } : undefined;
}

export function formatModelRef(ref: ModelRef): string {
  return ref.digest === undefined ? `${ref.name}:${ref.tag}` : `${ref.name}@sha256:${ref.digest}`;
}

/**
 * Workflow id of an ingest: the same request, listing of the source included, has the same id, so
 * that asking twice attaches to the run under way.
 */
export function ingestWorkflowId(name: string, tag: string, requestSha256: string): string {
  return `ingest/${name}/${tag}/${requestSha256.slice(0, 10)}`;
}
