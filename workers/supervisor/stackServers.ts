import type { Logger } from '../../activities/platform/logging.ts';
import type { Paths } from '../../activities/platform/paths.ts';
import { embeddedNamespace, externalTarget } from '../temporal/connection.ts';
import type { DevServerPorts } from '../temporal/devServer.ts';
import { createChromaSpec } from './chromaProcess.ts';
import { prepareExternalTemporal } from './externalTemporal.ts';
import type { ManagedProcess, ManagedProcessSpec } from './managedProcess.ts';
import type { StackFile } from './stackFile.ts';
import { createTemporalSpec } from './temporalProcess.ts';

export interface StackServersDeps {
  paths: Paths;
  env: NodeJS.ProcessEnv;
  logger: Logger;
  onProgress(message: string): void;
  /** Starts a process that is kept running until the stack ends. */
  launch(spec: ManagedProcessSpec): Promise<ManagedProcess>;
  /** What the stack file says of a server has changed. */
  onStatus(part: Partial<Pick<StackFile, 'temporal' | 'chroma'>>): void;
  /** Called when everything has ended. */
  releaseAtEnd(release: () => Promise<void>): void;
}

/**
 * The embedded server, or a check of somebody else's.
 * @param previous Ports of the run before.
 * @returns the process to wait for; none where Berth does not run it
 */
export async function startTemporal(
  deps: StackServersDeps,
  previous: DevServerPorts | null | undefined,
): Promise<ManagedProcess[]> {
  const { paths, env, logger, onProgress, onStatus } = deps;
  const external = externalTarget(env);
  if (external !== undefined) {
    onProgress(`connecting to Temporal at ${external.connectionOptions.address}`);
    onStatus({ temporal: await prepareExternalTemporal(external, logger) });
    return [];
  }
  onProgress('starting Temporal');
  const spec = createTemporalSpec({
    paths,
    env,
    namespace: embeddedNamespace(env),
    previous: previous ?? undefined,
    onStatus: (temporal) => onStatus({ temporal }),
  });
  deps.releaseAtEnd(spec.releasePorts);
  return [await deps.launch(spec)];
}

/** The stack's own vector store. @param previous Port of the run before. */
export async function startChroma(
  deps: StackServersDeps,
  previous: number | undefined,
): Promise<ManagedProcess> {
  const { paths, env, onStatus } = deps;
  const spec = createChromaSpec({
    paths,
    env,
    previous,
    onStatus: (chroma) => onStatus({ chroma }),
  });
  deps.releaseAtEnd(spec.releasePort);
  return deps.launch(spec);
}
