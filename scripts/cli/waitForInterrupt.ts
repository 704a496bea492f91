import type { Cli } from './cli.ts';

/** Resolves at Ctrl-C or SIGTERM; `stop` ends the listening. */
export function waitForInterrupt(cli: Cli): { interrupted: Promise<'interrupted'>; stop(): void } {
  let stop = () => {};
  const interrupted = new Promise<'interrupted'>((resolve) => {
    stop = cli.onInterrupt(() => resolve('interrupted'));
  });
  return { interrupted, stop: () => stop() };
}
