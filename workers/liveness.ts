import type { ActivityInterceptorsFactory } from '@temporalio/worker';

/** Beats per heartbeat time-out: a few may be lost before the server gives the attempt up. */
const beatsPerTimeout = 10;

/**
 * Heartbeats for as long as an activity runs, so that the server notices a dead worker within the
 * heartbeat time-out also where the activity has no progress to report, and a cancellation arrives
 * in any activity. Whether work advances is watched elsewhere: a bridge whose counter stands still
 * is killed, native work cannot hang without the process.
 */
export const livenessInterceptor: ActivityInterceptorsFactory = (context) => ({
  inbound: {
    async execute(input, next) {
      const timeout = context.info.heartbeatTimeoutMs;
      if (timeout === undefined || timeout === 0) return next(input);
      let details: unknown = context.info.heartbeatDetails;
      const { heartbeat } = context;
      // The activity's own progress is repeated, lest a bare beat wipe it out.
      Object.defineProperty(context, 'heartbeat', {
        value: (reported?: unknown) => {
          details = reported;
          heartbeat.call(context, reported);
        },
      });
      const timer = setInterval(() => heartbeat.call(context, details), timeout / beatsPerTimeout);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  },
});
