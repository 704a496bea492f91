import type { Command } from 'commander';
import type { Berth } from '../../workers/client/berth.ts';
import type { Cli, Outcome } from './cli.ts';

/** One run of a command: its connection, operands and options. */
export interface Invocation<O> {
  cli: Cli;
  berth: Berth;
  options: O & { json?: boolean };
}

/** How a run ends; runCli reads it when commander returns. */
export interface ExitState {
  code: number;
}

/** What every command's file needs to add itself to the program. */
export interface Registry {
  program: Command;
  cli: Cli;
  exit: ExitState;
}

/**
 * Makes a command out of what it does: adds `--json`, connects, prints the outcome, closes. The
 * connection is made on first use, so a command that only reads files needs no server.
 * @param run Gets the operands in order; commander has checked that required ones are there.
 */
export function defineAction<O = object>(
  { cli, exit }: Omit<Registry, 'program'>,
  command: Command,
  run: (invocation: Invocation<O>, ...operands: string[]) => Promise<Outcome>,
): void {
  command.option('--json', 'print one JSON document on standard output').action(async () => {
    const options = command.optsWithGlobals<O & { json?: boolean }>();
    const onNotice = (line: string) => cli.stderr.write(`${line}\n`);
    const berth = await cli.connect({ env: cli.env, onNotice });
    try {
      const outcome = await run({ cli, berth, options }, ...command.args);
      printOutcome(cli, options.json === true, outcome);
      exit.code = (await outcome.after?.()) ?? outcome.exitCode ?? 0;
    } finally {
      await berth.close();
    }
  });
}

export function printOutcome(cli: Cli, json: boolean, outcome: Outcome): void {
  if (json) {
    if (outcome.json === undefined) return;
    cli.stdout.write(`${JSON.stringify(outcome.json, null, 2)}\n`);
  } else if (outcome.text !== '') cli.stdout.write(`${outcome.text}\n`);
}
