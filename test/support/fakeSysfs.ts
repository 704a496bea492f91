import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TopologyFiles } from '../../workers/devices/cpuTopology.ts';

export interface FakeMachine {
  /** Affinity mask of this process, as the kernel lists it. */
  allowed: string;
  /** Logical CPUs of each NUMA node. */
  nodes: string[];
  /** Hyper-threads that share a core, such as `0,4`. */
  siblings?: string[];
}

/** The files of /sys and /proc that describe a machine we do not have. */
export async function writeFakeSysfs(root: string, machine: FakeMachine): Promise<TopologyFiles> {
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  };
  await write('status', `Name:\tnode\nCpus_allowed_list:\t${machine.allowed}\n`);
  for (const [node, cpus] of machine.nodes.entries()) {
    await write(`system/node/node${node}/cpulist`, `${cpus}\n`);
    await write(`system/node/node${node}/meminfo`, `Node ${node} MemTotal:   1024 kB\n`);
  }
  for (const siblings of machine.siblings ?? []) {
    for (const cpu of siblings.split(',')) {
      await write(`system/cpu/cpu${cpu}/topology/thread_siblings_list`, `${siblings}\n`);
    }
  }
  return { system: join(root, 'system'), status: join(root, 'status') };
}
