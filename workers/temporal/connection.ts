import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Paths } from '../../activities/platform/paths.ts';
import { berthError } from '../../workflows/contracts/errors.ts';
import { defaultNamespace } from '../../workflows/contracts/ids.ts';
import { readStackFile } from '../supervisor/stackFile.ts';

type ConnectConfig = ReturnType<typeof loadClientConnectConfig>;

/** How to reach the Temporal server that serves a BERTH_HOME. */
export interface TemporalTarget {
  /** Berth runs the server itself: the dev server, on the loopback. */
  embedded: boolean;
  namespace: string;
  /** For `Connection.connect` and `NativeConnection.connect` alike. */
  connectionOptions: ConnectConfig['connectionOptions'];
}

/**
 * The server that the environment names (TEMPORAL_ADDRESS, a profile, TLS, API key, through
 * `@temporalio/envconfig`); undefined when it names none, so that the embedded one serves.
 * @throws BerthError InvalidRequest for a profile or setting that cannot be read
 */
export function externalTarget(env: NodeJS.ProcessEnv = process.env): TemporalTarget | undefined {
  const config = loadConfig(env);
  const named = config.connectionOptions.address ?? env.TEMPORAL_PROFILE;
  if (named === undefined) return undefined;
  return {
    embedded: false,
    // The SDK's own default for a profile without one.
    namespace: config.namespace ?? 'default',
    connectionOptions: config.connectionOptions,
  };
}

/** Namespace of the embedded server: TEMPORAL_NAMESPACE, else `berth`. */
export function embeddedNamespace(env: NodeJS.ProcessEnv = process.env): string {
  return env.TEMPORAL_NAMESPACE || defaultNamespace;
}

export function embeddedTarget(address: string, namespace: string): TemporalTarget {
  return { embedded: true, namespace, connectionOptions: { address } };
}

/**
 * The server that workers and clients of this home use: the environment's, else the one that the
 * stack recorded.
 * @throws BerthError StackUnavailable when there is neither, or the stack's is somebody else's, whose
 *   credentials only the environment has
 */
export async function resolveTarget(
  paths: Paths,
  env: NodeJS.ProcessEnv = process.env,
): Promise<TemporalTarget> {
  const external = externalTarget(env);
  if (external !== undefined) return external;
  const temporal = (await readStackFile(paths))?.temporal;
  if (temporal?.embedded === false) {
    throw berthError(
      'StackUnavailable',
      `the stack in ${paths.home} uses the Temporal server at ${temporal.address}: set TEMPORAL_ADDRESS or TEMPORAL_PROFILE as for berth up`,
    );
  }
  if (!temporal) {
    throw berthError(
      'StackUnavailable',
      `no stack has run in ${paths.home} and no TEMPORAL_ADDRESS is set: run berth up`,
    );
  }
  return embeddedTarget(temporal.address, temporal.namespace);
}

function loadConfig(env: NodeJS.ProcessEnv): ConnectConfig {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    const reason = String(error instanceof Error ? error.message : error).split('\n')[0];
    throw berthError('InvalidRequest', `Temporal configuration: ${reason}`);
  }
}
