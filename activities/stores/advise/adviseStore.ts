import type { AdvisedKind, Quantization, StoreProfile } from './storeProfile.ts';
import { storeProfiles } from './storeProfiles.ts';
import { weigh } from './weigh.ts';

/** What a person knows beforehand. */
export interface StoreNeeds {
  /** Vectors, which is chunks. */
  vectors: number;
  dimensions: number;
  /** How often searches filter, and by how many fields. */
  filters: 'none' | 'few' | 'many';
  hybrid: boolean;
  /** `high`: all day, beside the searches. */
  writes: 'low' | 'high';
  /** 1: no tenants. */
  tenants: number;
  /** What may be run: nothing more, one more server, or the Postgres that is there. */
  ops: 'embedded' | 'server' | 'postgres';
  /** Of the machine that is to hold the index. */
  memoryBytes: number;
}

export interface StoreAdvice {
  kind: AdvisedKind;
  /** Whether anything that is needed is out of its reach. */
  fits: boolean;
  /** Higher is better; only for comparing within one advice. */
  score: number;
  /** Least lossy with which the index fits into memory, else the smallest that the store has. */
  quantization: Quantization;
  memoryBytes: number;
  memoryRule: string;
  /** Seconds until a first load is done, without embedding. */
  loadSeconds: number;
  /** Rate of loading, and who measured it. */
  loadRule: string;
  reasons: string[];
  objections: string[];
}

const leastLossy: readonly Quantization[] = ['none', 'half', 'scalar', 'binary'];

/** @returns best first; those that do not fit come last, with what stands against them */
export function adviseStore(
  needs: StoreNeeds,
  profiles: readonly StoreProfile[] = storeProfiles,
): StoreAdvice[] {
  return profiles
    .map((profile) => judge(needs, profile))
    .toSorted((a, b) => Number(b.fits) - Number(a.fits) || b.score - a.score);
}

function judge(needs: StoreNeeds, profile: StoreProfile): StoreAdvice {
  const { vectors, dimensions } = needs;
  const usable = leastLossy.filter(
    (one) =>
      profile.capabilities.quantization.includes(one) &&
      dimensions <= (profile.maxDimensions[one] ?? 0),
  );
  const memoryOf = (one: Quantization) => Math.ceil(profile.memoryBytes(vectors, dimensions, one));
  const quantization =
    usable.find((one) => memoryOf(one) <= needs.memoryBytes) ?? usable.at(-1) ?? 'none';
  const memoryBytes = memoryOf(quantization);
  const { score, reasons, objections, blocked } = weigh(needs, profile, {
    quantization,
    memoryBytes,
    indexable: usable.length > 0,
  });
  return {
    kind: profile.kind,
    fits: !blocked,
    score,
    quantization,
    memoryBytes,
    memoryRule: profile.memoryRule,
    loadSeconds: (vectors * dimensions) / 384 / profile.load.vectorsPerSecond,
    loadRule: loadRule(profile),
    reasons,
    objections,
  };
}

function loadRule({ load }: StoreProfile): string {
  const rate = load.vectorsPerSecond.toLocaleString('en-US');
  return `${rate} vectors a second at 384 dimensions (${load.measured})`;
}
