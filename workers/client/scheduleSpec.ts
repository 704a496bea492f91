import type { ScheduleOptions, ScheduleSpec } from '@temporalio/client';
import { berthError } from '../../workflows/contracts/errors.ts';
import { parseDuration } from './duration.ts';

/** When a schedule starts its job. */
export interface ScheduleTiming {
  /** Cron expression of 5 to 7 fields, or `@daily` and the like; one of `cron` and `every`. */
  cron?: string;
  /** Interval such as `24h`; from one minute up. */
  every?: string;
  /** IANA name, such as `Europe/Berlin`, for `cron`. Default UTC. */
  timezone?: string;
  /** Starts are spread over this long, such as `60s`. Default: a tenth of `every`, at most 60s. */
  jitter?: string;
  /** Starts missed while the server was down are made up for this long. Default `1h`. */
  catchupWindow?: string;
}

const hourMs = 3_600_000;
const cronShorthand = /^@(yearly|monthly|weekly|daily|hourly)$/;
const cronField = /^[\dA-Za-z*,/?-]+$/;

/**
 * The timing as Temporal takes it: overlap skip, so that a slow run is never joined by another.
 * @throws BerthError InvalidRequest
 */
export function buildScheduleTiming(
  timing: ScheduleTiming,
): Pick<ScheduleOptions, 'spec' | 'policies'> {
  const { spec, intervalMs } = buildSpec(timing);
  const defaultJitter = Math.min(intervalMs / 10, 60_000);
  return {
    spec: { ...spec, jitter: readDuration('jitter', timing.jitter, 0) ?? defaultJitter },
    policies: {
      overlap: 'SKIP',
      // The server's own minimum is 10 seconds.
      catchupWindow: readDuration('catch-up window', timing.catchupWindow, 10_000) ?? hourMs,
    },
  };
}

function buildSpec({ cron, every, timezone }: ScheduleTiming): {
  spec: ScheduleSpec;
  intervalMs: number;
} {
  if ((cron === undefined) === (every === undefined)) {
    throw berthError(
      'InvalidRequest',
      'schedule: expected one of --cron "0 2 * * *" and --every 24h',
    );
  }
  if (every !== undefined) {
    if (timezone !== undefined) {
      throw berthError('InvalidRequest', 'time zone with --every: expected --cron; leave one');
    }
    const intervalMs = readDuration('every', every, 60_000) ?? hourMs;
    return { spec: { intervals: [{ every: intervalMs }] }, intervalMs };
  }
  const expression = requireCron(cron ?? '');
  const zone = timezone === undefined ? undefined : requireTimezone(timezone);
  return {
    spec: { cronExpressions: [expression], ...(zone && { timezone: zone }) },
    intervalMs: hourMs,
  };
}

function readDuration(what: string, text: string | undefined, minMs: number): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms < minMs) {
    throw berthError(
      'InvalidRequest',
      `${what} ${JSON.stringify(text)}: expected a duration of at least ${minMs / 1000}s, such as 90s, 15m, 24h or 7d`,
    );
  }
  return ms;
}

function requireCron(text: string): string {
  const expression = text.trim();
  const fields = expression.split(/\s+/);
  const wellFormed =
    cronShorthand.test(expression) ||
    (fields.length >= 5 && fields.length <= 7 && fields.every((field) => cronField.test(field)));
  if (!wellFormed) {
    throw berthError(
      'InvalidRequest',
      `cron ${JSON.stringify(text)}: expected 5 to 7 fields, such as "0 2 * * *" for 02:00 daily, or @daily`,
    );
  }
  return expression;
}

function requireTimezone(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone && text;
  } catch {
    throw berthError(
      'InvalidRequest',
      `time zone ${JSON.stringify(text)}: expected an IANA name such as Europe/Berlin`,
    );
  }
}
