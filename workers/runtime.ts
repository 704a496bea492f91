import { DefaultLogger, type LogLevel, Runtime } from '@temporalio/worker';
import { pino } from 'pino';
import type { Logger } from '../activities/platform/logging.ts';

/** pino's names of the SDK's levels. */
const levels = {
  TRACE: 'trace',
  DEBUG: 'debug',
  INFO: 'info',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, string>;

/**
 * Sets up the SDK's process-wide part, once and before any connection: its logs go to ours, its
 * metrics to Prometheus, and signals stay with runWorker.
 * @param metrics `host:port` to serve them on
 */
export function installRuntime(logger: Logger, metrics: string | undefined): Runtime {
  const sink = logger.child({}, { serializers: { error: pino.stdSerializers.err } });
  return Runtime.install({
    logger: new DefaultLogger('INFO', ({ level, message, meta }) =>
      sink[levels[level]](meta ?? {}, message),
    ),
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} },
      ...(metrics === undefined
        ? {}
        : {
            metrics: {
              prometheus: { bindAddress: metrics, useSecondsForDurations: true, unitSuffix: false },
            },
          }),
    },
  });
}
