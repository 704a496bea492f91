import { Command } from 'commander';
import { BerthError } from '../../workflows/contracts/errors.ts';
import type { Bench, BenchOptions } from './bench.ts';
import { describeMachine, machineLine } from './machine.ts';
import { benches } from './registry.ts';
import { renderReport } from './table.ts';

const program = new Command('bench')
  .description('Benchmarks: our figure beside an alternative, in one run. Progress on stderr.')
  .usage('<name> [--json] [options]');

for (const bench of benches) {
  const command = program
    .command(bench.name)
    .description(bench.description)
    .option('--json', 'one JSON document on stdout');
  bench.configure?.(command);
  command.action((options: BenchOptions) => runBench(bench, options));
}

if (process.argv.length <= 2) program.outputHelp();
else await program.parseAsync();

async function runBench(bench: Bench, options: BenchOptions): Promise<void> {
  const machine = describeMachine();
  const report = await bench.run(options, (line) => process.stderr.write(`${line}\n`)).catch(fail);
  const text = options.json
    ? JSON.stringify({ name: bench.name, machine, ...report }, null, 2)
    : `${bench.name} on ${machineLine(machine)}\n\n${renderReport(report)}`;
  process.stdout.write(`${text}\n`);
}

/** A failure of Berth's own says all in one line. */
function fail(error: unknown): never {
  if (!(error instanceof BerthError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
