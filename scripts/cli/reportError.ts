import { BerthError, failureTypes } from '../../workflows/contracts/errors.ts';
import type { Cli } from './cli.ts';

/**
 * Tells a person, or under `--json` a script, what went wrong: one line, no stack trace unless
 * BERTH_LOG_LEVEL asks for debugging.
 * @returns the exit code: 2 when the input has to change, else 1.
 */
export function reportError(cli: Cli, json: boolean, error: unknown): number {
  const known = error instanceof BerthError;
  const type = known ? error.type : 'Unexpected';
  const message = oneLine(error instanceof Error ? error.message : String(error));
  if (json) cli.stdout.write(`${JSON.stringify({ error: { type, message } }, null, 2)}\n`);
  cli.stderr.write(`error: ${message}\n`);
  if (/^(debug|trace)$/.test(cli.env.BERTH_LOG_LEVEL ?? '')) {
    cli.stderr.write(`${formatStack(error)}\n`);
  }
  return failureTypes[type].exit;
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}

function formatStack(error: unknown): string {
  const lines: string[] = [];
  for (let at = error; at instanceof Error; at = at.cause) lines.push(at.stack ?? at.message);
  return lines.join('\ncaused by: ');
}
