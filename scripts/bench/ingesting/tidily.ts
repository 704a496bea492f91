/** Takes what is to be undone at the end, whatever happens; last first. */
export type Tidy = (undo: () => Promise<unknown>) => void;

const signals = ['SIGINT', 'SIGTERM'] as const;

/**
 * Runs `body` and undoes what it asked to, also when it fails or is interrupted. Ctrl-C and SIGTERM
 * abort the signal that `body` gets, and end this process once everything is undone.
 */
export async function tidily<T>(
  body: (tidy: Tidy, interrupted: AbortSignal) => Promise<T>,
): Promise<T> {
  const undoes: (() => Promise<unknown>)[] = [];
  const controller = new AbortController();
  const interrupt = () => controller.abort(new Error('interrupted'));
  for (const signal of signals) process.on(signal, interrupt);
  try {
    return await body((undo) => undoes.push(undo), controller.signal);
  } finally {
    for (const undo of undoes.reverse()) {
      await undo().catch((error) => process.stderr.write(`tidying up: ${error}\n`));
    }
    for (const signal of signals) process.off(signal, interrupt);
    // The code that a shell gives to Ctrl-C; nobody needs the trace of it.
    if (controller.signal.aborted) process.exit(130);
  }
}
