import { cpus, totalmem } from 'node:os';
import { type CpuFeatures, cpuFeatures } from '../../native/addon/index.ts';

export interface Machine {
  cpu: string;
  features: CpuFeatures;
  memoryBytes: number;
  node: string;
  openssl: string;
}

/** What figures have to be read against. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? process.arch,
    features: cpuFeatures(),
    memoryBytes: totalmem(),
    node: process.versions.node,
    openssl: process.versions.openssl,
  };
}

export function machineLine({ cpu, features }: Machine): string {
  const { cores, ...flags } = features;
  const words = Object.entries(flags).map(([name, has]) => (has ? name : `no ${name}`));
  return `${cpu}, ${cores} cores (${words.join(', ')})`;
}
