#!/usr/bin/env node
import { runCli } from './run.ts';
import { createTerminal } from './terminal.ts';

// Pending connections and polls of a job that was left must not hold the shell.
process.exit(await runCli(process.argv.slice(2), createTerminal(process)));
