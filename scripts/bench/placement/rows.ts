import type { PolicyName } from '../../../workflows/scheduling/placement/policies/createPolicy.ts';
import type { BenchRow } from '../bench.ts';
import { spread } from './spread.ts';

/** One figure: over the seeds, at one point of one trace. */
export interface PlacementRow extends BenchRow {
  mean: number;
  sd: number | null;
  trace: string;
  policy: PolicyName;
  /** Arrived demand in fill mode, offered load otherwise; % of the GPUs. */
  arrival: number;
  mode: 'fill' | 'departures' | 'queue';
  /** Such as `allocation`. */
  figure: string;
  /** Of bounded migration, queue mode only. */
  maxMoves?: number;
}

type Point = Pick<PlacementRow, 'trace' | 'policy' | 'arrival' | 'mode' | 'figure' | 'maxMoves'>;

export function row(
  point: Point,
  unit: string,
  values: readonly number[],
  alternative?: BenchRow['alternative'],
): PlacementRow {
  const { trace, mode, figure, policy, arrival, maxMoves } = point;
  const moves = maxMoves === undefined ? '' : ` K=${maxMoves}`;
  const figures = spread(values);
  return {
    ...point,
    measure: `${trace} ${mode} @${arrival}: ${figure}, ${policy}${moves}`,
    unit,
    ours: figures.mean,
    ...figures,
    ...(alternative && { alternative }),
  };
}
