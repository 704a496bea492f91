import type { Berth, ConnectOptions } from '../../workers/client/berth.ts';

/** Where text goes: a terminal, a pipe, or a test's buffer. */
export interface TextOutput {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** What the commands need from the process around them. */
export interface Cli {
  env: NodeJS.ProcessEnv;
  /** Results only: exactly one JSON document under `--json`. */
  stdout: TextOutput;
  /** Progress, questions and errors. */
  stderr: TextOutput;
  connect(options: ConnectOptions): Promise<Berth>;
  /** Calls back at the first Ctrl-C or SIGTERM from now on; returns how to stop listening. */
  onInterrupt(listener: () => void): () => void;
  /** Asks a person; undefined when there is no terminal to ask at. */
  confirm(question: string): Promise<boolean | undefined>;
}

/** What a command has to say. */
export interface Outcome {
  /** Under `--json`; undefined: all has been said. */
  json: unknown;
  /** Otherwise. */
  text: string;
  /** Default 0. */
  exitCode?: number;
  /** What goes on once the outcome is printed; returns the exit code. */
  after?(): Promise<number>;
}

/** Exit code after Ctrl-C, as shells count it: 128 + SIGINT. */
export const interruptedExitCode = 130;
