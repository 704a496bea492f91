import { readFile } from 'node:fs/promises';
import { berthError } from '../../../workflows/contracts/errors.ts';

/** A node of a trace: thousandths of a core, MiB, GPUs of one model. */
export interface TraceNode {
  name: string;
  cpuMilli: number;
  memoryMib: number;
  gpus: number;
  model: string;
}

/** A task of a trace; `gpuMilli` of each GPU, `models` that will do, empty for any. */
export interface TracePod {
  name: string;
  cpuMilli: number;
  memoryMib: number;
  gpus: number;
  gpuMilli: number;
  models: string[];
  /** Seconds it ran in the trace; null where the file does not say. */
  lifeSeconds: number | null;
}

/** Nodes as in openb: columns sn, cpu_milli, memory_mib, gpu, model. In the order of their names. */
export async function readNodes(path: string): Promise<TraceNode[]> {
  const table = await readTable(path, ['sn', 'cpu_milli', 'memory_mib', 'gpu', 'model']);
  const nodes = table.map((row) => ({
    name: row.text('sn'),
    cpuMilli: row.count('cpu_milli'),
    memoryMib: row.count('memory_mib'),
    gpus: row.count('gpu'),
    model: row.text('model'),
  }));
  return nodes.sort(byName);
}

/** Tasks as in openb: columns name, cpu_milli, memory_mib, num_gpu, gpu_milli and, where there, gpu_spec. */
export async function readPods(path: string): Promise<TracePod[]> {
  const table = await readTable(path, ['name', 'cpu_milli', 'memory_mib', 'num_gpu', 'gpu_milli']);
  const pods = table.map((row) => ({
    name: row.text('name'),
    cpuMilli: row.count('cpu_milli'),
    memoryMib: row.count('memory_mib'),
    gpus: row.count('num_gpu'),
    gpuMilli: row.count('gpu_milli'),
    models: row.text('gpu_spec').split('|').filter(Boolean),
    lifeSeconds: life(row.text('scheduled_time'), row.text('deletion_time')),
  }));
  return pods.sort(byName);
}

const byName = (a: { name: string }, b: { name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

function life(scheduled: string, deleted: string): number | null {
  if (scheduled === '' || deleted === '') return null;
  const seconds = Number(deleted) - Number(scheduled);
  return seconds > 0 ? seconds : null;
}

interface Row {
  /** Empty when the file has no such column. */
  text(column: string): string;
  count(column: string): number;
}

async function readTable(path: string, columns: readonly string[]): Promise<Row[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw berthError('InvalidRequest', `${path}: cannot be read (${error.code}): name a CSV file`);
  });
  const [head, ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = head?.split(',') ?? [];
  const missing = columns.filter((column) => !names.includes(column));
  if (missing.length > 0) {
    throw berthError(
      'InvalidRequest',
      `${path}: no column ${missing.join(', ')}: expected openb's`,
    );
  }
  return lines.map((line, number) => {
    const cells = line.split(',');
    const cell = (column: string): string => cells[names.indexOf(column)] ?? '';
    return {
      text: cell,
      count(column) {
        const value = Number(cell(column));
        if (cell(column) !== '' && Number.isSafeInteger(value) && value >= 0) return value;
        const where = `${path}:${number + 2}`;
        throw berthError('InvalidRequest', `${where}: ${column} is no whole number from 0 on`);
      },
    };
  });
}
