/** What a terminal, a person or a service manager may send to `berth run`. */
const heard = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR2',
  'SIGWINCH',
] as const satisfies NodeJS.Signals[];

/** Those that end a program which does not mind them. */
export const endingSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

/** Hears signals instead of dying of them; returns how to stop listening. */
export function listenToSignals(
  target: Pick<NodeJS.Process, 'on' | 'off'>,
  listener: (signal: NodeJS.Signals) => void,
): () => void {
  for (const signal of heard) target.on(signal, listener);
  return () => {
    for (const signal of heard) target.off(signal, listener);
  };
}
