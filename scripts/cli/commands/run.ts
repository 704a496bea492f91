import { resolve } from 'node:path';
import { writeJsonAtomic } from '../../../activities/platform/atomicFile.ts';
import type { RunReport } from '../../../workers/commands/runner/runCommand.ts';
import { checkRunOptions } from '../../../workers/commands/runner/runOptionSchema.ts';
import { BerthError, failureTypes } from '../../../workflows/contracts/errors.ts';
import { printOutcome, type Registry } from '../action.ts';
import { type Cli, interruptedExitCode } from '../cli.ts';
import { createWaitingLine } from '../progress/waitingLine.ts';
import { Interrupted, startRun } from '../runs/startRun.ts';
import { suggestForCommand } from '../runs/suggestRun.ts';
import { addRunOptions, type RunFlags, runHelp } from './runOptions.ts';

export function registerRun({ program, cli, exit }: Registry): void {
  // Options behind the program's name are the command's.
  program.enablePositionalOptions();
  const command = addRunOptions(
    program.command('run').description('run a command on leased devices of this host'),
  )
    .passThroughOptions()
    .addHelpText('after', runHelp);
  command.action(async (argv: string[], flags: RunFlags) => {
    if (flags.suggest) {
      printOutcome(cli, flags.json === true, await suggestForCommand(cli, argv, flags));
      return;
    }
    exit.code = await run(cli, argv, flags);
  });
}

async function run(cli: Cli, argv: string[], flags: RunFlags): Promise<number> {
  const waiting = createWaitingLine(cli.stderr);
  const notify = (line: string): void => {
    waiting.clear();
    cli.stderr.write(`berth run: ${line}\n`);
  };
  try {
    const report = await startRun(cli, argv, checkRunOptions(flags), {
      noWait: !flags.wait,
      onWaiting: waiting.update,
      onGranted: waiting.clear,
      notify,
    });
    await writeReport(cli, flags, report);
    return report.exitCode;
  } catch (error) {
    waiting.clear();
    return reportFailure(cli, flags, error);
  }
}

/** Not on standard output, which is the command's. */
async function reportFailure(cli: Cli, flags: RunFlags, error: unknown): Promise<number> {
  if (error instanceof Interrupted) {
    cli.stderr.write('berth run: interrupted; the request was withdrawn\n');
    await writeReport(cli, flags, { exitCode: interruptedExitCode, error: null });
    return interruptedExitCode;
  }
  const type = error instanceof BerthError ? error.type : 'Unexpected';
  const message = (error instanceof Error ? error.message : String(error)).replace(
    /\s*\n\s*/g,
    ' ',
  );
  const exitCode = failureTypes[type].exit;
  cli.stderr.write(`error: ${type}: ${message}\n`);
  const details = error instanceof BerthError ? error.details : undefined;
  await writeReport(cli, flags, { ...asObject(details), exitCode, error: { type, message } });
  return exitCode;
}

const asObject = (value: unknown): object =>
  typeof value === 'object' && value !== null ? value : {};

async function writeReport(
  cli: Cli,
  { json, report }: RunFlags,
  document: RunReport | object,
): Promise<void> {
  if (report !== undefined) await writeJsonAtomic(resolve(report), document);
  if (json) cli.stderr.write(`${JSON.stringify(document)}\n`);
}
