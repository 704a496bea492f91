import { bench as backfill } from './backfill.ts';
import { bench as backfillScale } from './backfillScale.ts';
import { bench as batching } from './batching.ts';
import type { Bench } from './bench.ts';
import { bench as fairness } from './fairness.ts';
import { bench as floe } from './floe.ts';
import { bench as gang } from './gang.ts';
import { bench as ingest } from './ingest.ts';
import { bench as placement } from './placement.ts';
import { bench as pool } from './pool.ts';
import { bench as quantize } from './quantize.ts';
import { bench as resume } from './resume.ts';
import { bench as schedule } from './schedule.ts';
import { bench as upsert } from './upsert.ts';
import { bench as warm } from './warm.ts';

export const benches: readonly Bench[] = [
  backfill,
  backfillScale,
  batching,
  fairness,
  floe,
  gang,
  ingest,
  placement,
  pool,
  quantize,
  resume,
  schedule,
  upsert,
  warm,
];
