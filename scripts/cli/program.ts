import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { packageRoot } from '../../activities/platform/packageRoot.ts';
import type { ExitState, Registry } from './action.ts';
import type { Cli } from './cli.ts';
import { registerBackfill } from './commands/backfill.ts';
import { registerCancel } from './commands/cancel.ts';
import { registerCollections } from './commands/collections.ts';
import { registerDevices } from './commands/devices.ts';
import { registerDown } from './commands/down.ts';
import { registerEvict } from './commands/evict.ts';
import { registerExport } from './commands/export.ts';
import { registerIngest } from './commands/ingest.ts';
import { registerLogs } from './commands/logs.ts';
import { registerModels } from './commands/models.ts';
import { registerPool } from './commands/pool/registerPool.ts';
import { registerRemove } from './commands/remove.ts';
import { registerRollback } from './commands/rollback.ts';
import { registerRun } from './commands/run.ts';
import { registerSchedule } from './commands/schedule.ts';
import { registerSchedules } from './commands/schedules.ts';
import { registerSearch } from './commands/search.ts';
import { registerShow } from './commands/show.ts';
import { registerStatus } from './commands/status.ts';
import { registerStores } from './commands/stores.ts';
import { registerSweep } from './commands/sweep.ts';
import { registerTag } from './commands/tag.ts';
import { registerUp } from './commands/up.ts';
import { registerVerify } from './commands/verify.ts';
import { registerWarm } from './commands/warm.ts';
import { registerWatch } from './commands/watch.ts';

/** In the order of `berth --help`. */
const registrations: ((registry: Registry) => void)[] = [
  registerUp,
  registerDown,
  registerStatus,
  registerLogs,
  registerDevices,
  registerPool,
  registerRun,
  registerIngest,
  registerBackfill,
  registerSearch,
  registerCollections,
  registerRollback,
  registerStores,
  registerWatch,
  registerCancel,
  registerModels,
  registerShow,
  registerVerify,
  registerExport,
  registerTag,
  registerRemove,
  registerSweep,
  registerWarm,
  registerEvict,
  registerSchedule,
  registerSchedules,
];

/** The whole command line. Errors of usage are thrown as CommanderError, never exit the process. */
export function createProgram(cli: Cli, exit: ExitState): Command {
  const program = new Command('berth')
    .description("Durable jobs for an AI platform's models, on Temporal")
    .version(readVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => cli.stdout.write(text),
      writeErr: (text) => cli.stderr.write(text),
    })
    .addHelpText('after', '\nExit codes: 0 done, 1 failed, 2 bad usage or input.');
  for (const register of registrations) register({ program, cli, exit });
  return program;
}

function readVersion(): string {
  return JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')).version;
}
