import type {
  GateReport,
  GateThresholds,
  QuantizationMethod,
} from '../../workflows/contracts/ingest.ts';
import type { GateMeasurement } from './bridgeMethods.ts';

/** Mean cosine similarity, at least. */
const minCosine = { int8: 0.99, nf4: 0.95, fp4: 0.92 };
/** Mean KL divergence in nats a token, at most. */
const maxKl = { int8: 0.05, nf4: 0.25, fp4: 0.25 };
/** Relative increase of perplexity, at most. */
const maxPerplexityIncrease = { int8: 0.02, nf4: 0.15, fp4: 0.15 };

/** Compares what was measured with the thresholds given, else the method's defaults. Pure. */
export function judgeGate(
  { mean, worst, samples, perplexityIncrease }: GateMeasurement,
  kind: 'encoder' | 'causal-lm',
  method: Exclude<QuantizationMethod, 'none'>,
  given: GateThresholds,
): GateReport {
  if (kind === 'encoder') {
    const threshold = given.minCosine ?? minCosine[method];
    return { metric: 'cosine', mean, min: worst, threshold, passed: mean >= threshold, samples };
  }
  const threshold = given.maxKl ?? maxKl[method];
  const perplexityThreshold = given.maxPerplexityIncrease ?? maxPerplexityIncrease[method];
  // An absent figure compares as false, as NaN does: what was not measured has not passed.
  const passed = mean <= threshold && (perplexityIncrease ?? Number.NaN) <= perplexityThreshold;
  return {
    metric: 'kl',
    mean,
    min: worst,
    threshold,
    passed,
    samples,
    perplexityIncrease,
    perplexityThreshold,
  };
}
