import { createInterface } from 'node:readline';
import { execa } from 'execa';
import type { Paths } from '../../../activities/platform/paths.ts';
import { currentLogFile, listLogs } from '../../../workers/supervisor/processLog.ts';
import { berthError } from '../../../workflows/contracts/errors.ts';
import { defineAction, type Registry } from '../action.ts';
import type { Cli } from '../cli.ts';
import { formatLogLine } from '../format/logLine.ts';
import { pathsOf } from '../pathsOf.ts';
import { waitForInterrupt } from '../waitForInterrupt.ts';

interface Flags {
  follow?: boolean;
  lines: string;
}

export function registerLogs(registry: Registry): void {
  const command = registry.program
    .command('logs')
    .description('last lines of the logs, which are kept and rotated')
    .argument('[process]', 'temporal, workflow, host, device-…, supervisor; all when left out')
    .option('-f, --follow', 'go on until Ctrl-C')
    .option('-n, --lines <count>', 'lines of each log', '50');
  defineAction<Flags>(registry, command, async ({ cli, options }, process) => {
    const lines = requireCount(options.lines);
    const paths = pathsOf(cli.env);
    const names = await requireLogs(paths, process);
    if (options.follow) {
      if (options.json) {
        throw berthError('InvalidRequest', 'logs --follow never ends: leave --follow or --json');
      }
      return { json: null, text: '', after: () => follow(cli, paths, names, lines) };
    }
    const logs = await Promise.all(
      names.map(async (name) => ({ process: name, lines: await tail(paths, name, lines) })),
    );
    return { json: logs, text: formatLogs(logs) };
  });
}

function requireCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count <= 1_000_000) return count;
  throw berthError('InvalidRequest', `lines ${JSON.stringify(text)}: expected a number such as 50`);
}

async function requireLogs(paths: Paths, process: string | undefined): Promise<string[]> {
  const names = await listLogs(paths);
  if (process === undefined) return names;
  if (names.includes(process)) return [process];
  const known = names.length > 0 ? `one of ${names.join(', ')}` : 'none yet: run berth up';
  throw berthError('InvalidRequest', `log of ${JSON.stringify(process)}: expected ${known}`);
}

/** `tail` rather than our own reading: it seeks to the end of a large file. */
async function tail(paths: Paths, name: string, lines: number): Promise<string[]> {
  const { stdout } = await execa('tail', ['-n', String(lines), currentLogFile(paths, name)], {
    reject: false,
  });
  return stdout === '' ? [] : stdout.split('\n');
}

export function formatLogs(logs: { process: string; lines: string[] }[]): string {
  return logs
    .map(({ process, lines }) =>
      [...(logs.length > 1 ? [`==> ${process} <==`] : []), ...lines.map(formatLogLine)].join('\n'),
    )
    .join('\n\n');
}

/** `tail -F` follows the name, so it goes on after a rotation. */
async function follow(cli: Cli, paths: Paths, names: string[], lines: number): Promise<number> {
  const files = names.map((name) => currentLogFile(paths, name));
  const tailing = execa('tail', ['-n', String(lines), '-F', ...files], {
    reject: false,
    stderr: 'ignore',
  });
  const reader = createInterface({ input: tailing.stdout });
  reader.on('line', (line) => cli.stdout.write(`${formatLogLine(line)}\n`));
  const { interrupted, stop } = waitForInterrupt(cli);
  try {
    await Promise.race([interrupted, tailing]);
    return 0;
  } finally {
    stop();
    tailing.kill();
  }
}
