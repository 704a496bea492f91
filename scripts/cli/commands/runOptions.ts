import type { Command } from 'commander';

/** What commander makes of the options of `run`; runRequest.ts checks them. */
export interface RunFlags {
  gpus?: string;
  devices?: string;
  team: string;
  memory?: string;
  fraction?: string;
  links?: string;
  model?: string;
  kind?: string;
  mig?: string;
  priority: string;
  maxTime?: string;
  expected?: string;
  preemptible?: boolean;
  restartable?: boolean;
  cpus?: string;
  hostMemory?: string;
  latencyGoal?: string;
  label?: string;
  pool?: string;
  /** False under --no-wait. */
  wait: boolean;
  json?: boolean;
  report?: string;
  suggest?: boolean;
}

export function addRunOptions(command: Command): Command {
  return command
    .argument('<command...>', 'program and arguments; best after --')
    .option(
      '--gpus <n>',
      'devices, lent together or not at all (default 1); without a GPU on this host, CPU devices',
    )
    .option('--devices <n>', 'the same as --gpus')
    .option('--team <path>', 'who it is for, such as nlp or research/nlp/ann', 'default')
    .option(
      '--memory <size>',
      'memory of each device: reserved with --fraction, else the least size',
    )
    .option('--fraction <x>', 'part of one device, 0 to 1, such as 0.25')
    .option('--links <worst>', 'worst link among the devices: nvlink, pix, pxb, phb, node or sys')
    .option(
      '--model <names>',
      'models that will do, by a part of the name, comma-separated: H100,A100',
    )
    .option('--kind <kind>', 'cuda or cpu (default: cuda where there is a GPU)')
    .option('--mig <profile>', 'a MIG instance, such as 1g.10gb')
    .option('--cpus <n>', 'cores of the host, such as 4 or 0.5')
    .option('--host-memory <size>', 'memory of the host')
    .option('--priority <n>', 'from -1000 to 1000; the higher goes first within its team', '0')
    .option('--max-time <duration>', 'taken back after so long, such as 2h')
    .option(
      '--expected <duration>',
      'how long it will take; lets it go ahead where it delays nobody',
    )
    .option('--preemptible', 'may be taken back, with notice, for others')
    .option('--restartable', 'may be moved: ended with notice, started again under its next lease')
    .option('--latency-goal <duration>', 'p95 that sharing must not break, such as 50ms')
    .option('--label <text>', "what people see of it (default: the program's name)")
    .option('--pool <name>', 'pool to ask (default: the first of BERTH_POOL)')
    .option('--suggest', 'run nothing; say what past leases of the command suggest to ask for')
    .option('--no-wait', 'fail when it is not lent at once')
    .option('--report <file>', 'write a JSON report there when it has ended')
    .option('--json', "write the report, one line, at standard error's end");
}

export const runHelp = `
Standard input and output belong to the command. It finds its devices in CUDA_VISIBLE_DEVICES and
BERTH_DEVICES_LEASED, its lease file in BERTH_LEASE, and the number of earlier starts in
BERTH_RESTARTS. When its lease is taken back it gets SIGTERM, and SIGKILL after the grace.

Exit code: the command's, 128 + n when a signal n ended it; 1 when the lease was not given or was
taken back (LeaseRevoked), 2 for bad usage, 130 after Ctrl-C while waiting, 126 or 127 when the
command cannot be run.

Example: berth run --gpus 2 --team nlp --links nvlink --max-time 2h -- python train.py`;
