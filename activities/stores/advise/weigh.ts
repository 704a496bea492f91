import type { StoreNeeds } from './adviseStore.ts';
import type { Quantization, StoreProfile } from './storeProfile.ts';

interface Weighed {
  score: number;
  reasons: string[];
  objections: string[];
  /** One of the objections stands for itself. */
  blocked: boolean;
}

interface Sizing {
  quantization: Quantization;
  memoryBytes: number;
  indexable: boolean;
}

const manyTenants = 1_000;
/** Vectors up to which any of them is fast, and the simplest is best. */
const small = 200_000;

/** Adds up grades, each as heavy as the need for it; says in words what counted. */
export function weigh(needs: StoreNeeds, profile: StoreProfile, sizing: Sizing): Weighed {
  const result: Weighed = { score: 0, reasons: [], objections: [], blocked: false };
  const { grades, capabilities } = profile;
  const add = (weight: number, { grade, why }: { grade: number; why: string }) => {
    result.score += weight * grade;
    if (grade >= 2) result.reasons.push(why);
    if (grade === 0) result.objections.push(why);
  };
  const block = (why: string) => {
    result.blocked = true;
    result.objections.unshift(why);
  };

  operations(needs, profile, result, block);
  if (needs.filters !== 'none') add(needs.filters === 'many' ? 3 : 1, grades.filters);
  if (needs.hybrid) add(2, grades.hybrid);
  if (needs.writes === 'high') add(2, grades.writes);
  if (needs.tenants > 1) {
    if (!capabilities.tenants) block('cannot keep tenants apart within a collection');
    add(needs.tenants >= manyTenants ? 3 : 1, grades.tenants);
  }
  size(needs, profile, sizing, result, block);
  return result;
}

function operations(
  { ops }: StoreNeeds,
  { runs }: StoreProfile,
  result: Weighed,
  block: (why: string) => void,
): void {
  if (ops === 'embedded') {
    if (runs === 'in process') {
      result.score += 3;
      result.reasons.push('runs in process: nothing to operate');
    } else if (runs === 'stack') {
      result.score += 3;
      result.reasons.push("runs in Berth's own stack: nothing to install");
    } else block('needs a server of its own');
  } else if (ops === 'postgres') {
    if (runs !== 'postgres') return;
    result.score += 6;
    result.reasons.push('lives in the Postgres that is there, with its backups and joins');
  } else if (runs === 'server') {
    result.score += 2;
    result.reasons.push('a server for this one purpose, which grows by shards');
  } else if (runs === 'in process') {
    result.score -= 2;
    result.objections.push('serves one host: others need the same disk');
  }
}

function size(
  needs: StoreNeeds,
  { comfortable, fromDisk, maxDimensions }: StoreProfile,
  { quantization, memoryBytes, indexable }: Sizing,
  result: Weighed,
  block: (why: string) => void,
): void {
  const longest = Math.max(...Object.values(maxDimensions));
  if (!indexable) block(`indexes at most ${longest} dimensions, not ${needs.dimensions}`);
  if (needs.vectors <= small && needs.ops === 'embedded') result.score += 1;
  if (needs.vectors > comfortable) {
    result.score -= 4;
    result.objections.push(`more than ${comfortable / 1e6} million vectors a node`);
  }
  if (memoryBytes > needs.memoryBytes) {
    if (!fromDisk) block('its index does not fit into memory');
    else {
      result.score -= 1;
      result.objections.push('its index does not fit into memory: searches read from disk');
    }
  } else if (quantization !== 'none') {
    result.score -= 1;
    result.objections.push(`fits into memory only with quantization ${quantization}`);
  }
}
