import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';
import { SetupError } from './setupError.mjs';

const tailLines = 40;

/**
 * Runs a command without a terminal or stdin.
 * @param {string} command
 * @param {string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, note?: (line: string) => void, inherit?: number[]}} [options]
 *   `note` hears every line; `inherit` are descriptors that the child keeps open, such as a lock's
 * @returns {Promise<string>} stdout
 * @throws SetupError with the last lines of the command's output
 */
export async function runCommand(command, args, options = {}) {
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ['ignore', 'pipe', 'pipe', ...(options.inherit ?? [])],
  });
  const stop = (signal) => {
    child.kill(signal);
    process.exit(signal === 'SIGINT' ? 130 : 143);
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  const tail = [];
  const stdout = [];
  const hear = (source, keep) =>
    createInterface({ input: source }).on('line', (raw) => {
      const text = stripVTControlCharacters(raw).trimEnd();
      if (keep) stdout.push(text);
      if (text.trim() === '') return;
      tail.push(text);
      if (tail.length > tailLines) tail.shift();
      options.note?.(text.trim());
    });
  hear(child.stdout, true);
  hear(child.stderr, false);
  try {
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (status, signal) => resolve(status ?? signal));
    });
    if (code === 0) return stdout.join('\n');
    throw new SetupError([...tail, `${command} ${args[0] ?? ''} ended with ${code}`]);
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError([`cannot start ${command}: ${error.message}`]);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
