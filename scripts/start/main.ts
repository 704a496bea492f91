import { readStack, type StartedStack, startStack } from '../../workers/supervisor/stack.ts';
import { type Cli, interruptedExitCode } from '../cli/cli.ts';
import { holdStack } from '../cli/holdStack.ts';
import { pathsOf } from '../cli/pathsOf.ts';
import { reportError } from '../cli/reportError.ts';
import { createTerminal } from '../cli/terminal.ts';
import { parseStartOptions } from './options.ts';
import { fillSampleCollection } from './sampleBackfill.ts';
import { bringInSampleModel } from './sampleModel.ts';

/**
 * `npm start`: the stack, a real model brought in, a collection filled with it, reports; then the
 * stack until Ctrl-C.
 */
async function main(args: string[], cli: Cli): Promise<number> {
  const { exit, mails } = parseStartOptions(args);
  const started = await startOrAttach(cli);
  const code = await runJobs(cli, mails);
  if (started === undefined) return code;
  if (exit || code === interruptedExitCode) {
    await started.stop();
    return code;
  }
  cli.stderr.write('\nThe stack stays up: try npx berth status. Ctrl-C stops it.\n');
  return (await holdStack(cli, started)) || code;
}

/** @returns undefined when a stack is up already: it is used, and left as it is. */
async function startOrAttach(cli: Cli): Promise<StartedStack | undefined> {
  const paths = pathsOf(cli.env);
  if ((await readStack(paths)) !== undefined) {
    cli.stderr.write(`using the stack that is up in ${paths.home}\n`);
    return undefined;
  }
  return startStack({
    detach: false,
    env: cli.env,
    onProgress: (message) => cli.stderr.write(`${message}\n`),
  });
}

/** A failed job leaves the stack to look at: its Web UI tells more than one line. */
async function runJobs(cli: Cli, mails: number): Promise<number> {
  const berth = await cli.connect({ env: cli.env });
  try {
    const { home } = pathsOf(cli.env);
    const done =
      (await bringInSampleModel(cli, berth)) &&
      (await fillSampleCollection(cli, berth, home, mails));
    return done ? 0 : interruptedExitCode;
  } catch (error) {
    return reportError(cli, false, error);
  } finally {
    await berth.close();
  }
}

async function run(): Promise<number> {
  const cli = createTerminal(process);
  try {
    return await main(process.argv.slice(2), cli);
  } catch (error) {
    return reportError(cli, false, error);
  }
}

// Pending connections of a job that was left must not hold the shell.
process.exit(await run());
