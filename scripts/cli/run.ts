import { CommanderError } from 'commander';
import type { ExitState } from './action.ts';
import type { Cli } from './cli.ts';
import { createProgram } from './program.ts';
import { reportError } from './reportError.ts';

/**
 * Runs one command line.
 * @param args Without the interpreter and the script.
 * @returns the exit code: 0 done, 1 failed, 2 bad usage or input, 130 interrupted.
 */
export async function runCli(args: string[], cli: Cli): Promise<number> {
  const exit: ExitState = { code: 0 };
  const program = createProgram(cli, exit);
  // Behind `--` are the words of somebody else's command.
  const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
  const json = own.includes('--json');
  try {
    await program.parseAsync(args, { from: 'user' });
    return exit.code;
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(cli, json, error);
    return reportUsage(cli, json, error);
  }
}

/** Commander has printed its line already; help and version are no errors. */
function reportUsage(cli: Cli, json: boolean, error: CommanderError): number {
  if (error.exitCode === 0) return 0;
  if (json) {
    const message = error.message.replace(/^error: /, '');
    const document = { error: { type: 'InvalidRequest', message } };
    cli.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
  return 2;
}
