import type { MetricMeter } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/**
 * Berth's own metrics beside the SDK's, on the same Prometheus endpoint:
 * `berth_activity_seconds` (histogram), `berth_activity_bytes` (counter of the bytes that finished
 * activities report) and `berth_activity_failures` (counter), by activity type.
 */
export function createActivityMetrics(meter: MetricMeter): ActivityInterceptorsFactory {
  const seconds = meter.createHistogram(
    'berth_activity_seconds',
    'float',
    's',
    'Time in activities',
  );
  const bytes = meter.createCounter(
    'berth_activity_bytes',
    'By',
    'Bytes that activities worked on',
  );
  const failures = meter.createCounter('berth_activity_failures', '1', 'Attempts that failed');
  return (context) => {
    const tags = { activity_type: context.info.activityType };
    return {
      inbound: {
        async execute(input, next) {
          const startedAt = performance.now();
          try {
            const result = await next(input);
            bytes.add(reportedBytes(result), tags);
            return result;
          } catch (error) {
            failures.add(1, tags);
            throw error;
          } finally {
            seconds.record((performance.now() - startedAt) / 1000, tags);
          }
        },
      },
    };
  };
}

/** Results that move data say how much (workflows/contracts/activities.ts). */
function reportedBytes(result: unknown): number {
  const { bytes, sourceBytes } = (result ?? {}) as { bytes?: unknown; sourceBytes?: unknown };
  const value = bytes ?? sourceBytes;
  return typeof value === 'number' && value > 0 ? value : 0;
}
