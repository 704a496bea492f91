import { join } from 'node:path';
import { execa } from 'execa';
import { packageRoot } from '../../../activities/platform/packageRoot.ts';
import { findPython } from '../../../activities/platform/python.ts';

/** One thing that a person at a terminal does or waits for (ptyDrive.py). */
export type TerminalStep =
  | { expect: string }
  | { send: string }
  | { resize: [rows: number, columns: number] }
  | { signal: NodeJS.Signals; pid: string };

/**
 * Runs a command at a terminal of its own and plays the steps.
 * @returns everything that was shown and the exit code, as shells count it
 */
export async function atTerminal(
  argv: string[],
  steps: TerminalStep[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ output: string; code: number }> {
  const drive = join(packageRoot(), 'test', 'support', 'pty', 'ptyDrive.py');
  const input = JSON.stringify({ argv, env, rows: 24, columns: 80, steps });
  const { stdout } = await execa(findPython(), [drive], { input });
  const result = JSON.parse(stdout);
  if (result.failed !== undefined) throw new Error(`${result.failed}\n${result.output}`);
  return result;
}
