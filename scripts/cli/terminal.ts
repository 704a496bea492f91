import { createInterface } from 'node:readline/promises';
import { connect } from '../../workers/client/index.ts';
import type { Cli } from './cli.ts';

/** The process's own terminal, environment and connection. */
export function createTerminal({ env, stdin, stdout, stderr }: typeof process): Cli {
  return {
    env,
    stdout,
    stderr,
    connect,
    onInterrupt(listener) {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      for (const signal of signals) process.once(signal, listener);
      return () => {
        for (const signal of signals) process.off(signal, listener);
      };
    },
    async confirm(question) {
      if (!stdin.isTTY || !stderr.isTTY) return undefined;
      // On standard error, as standard output belongs to the result.
      const prompt = createInterface({ input: stdin, output: stderr });
      try {
        return /^y(es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim());
      } finally {
        prompt.close();
      }
    },
  };
}
