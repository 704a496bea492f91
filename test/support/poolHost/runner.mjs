/**
 * A scripted runner, from dist/: `runner.mjs <socket> <lease> <command>`. Prepares, starts the shell
 * command in a process group of its own, says its pid, waits and reports how it ended.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const load = (path) => import(new URL(`../../../dist/workers/commands/${path}`, import.meta.url));
const { connectSupervisor } = await load('runner/supervisorLink.js');

const [socket, leaseText, command] = process.argv.slice(2);
const lease = JSON.parse(leaseText);
const { leaseId } = lease;
const say = (message) => process.send?.(message);
async function resume() {
  for (;;) {
    await delay(100);
    const found = await connectSupervisor(socket).catch(() => undefined);
    if (found === undefined) continue;
    found.onMessage((message) => say(message));
    await found.ask({ type: 'resume', leaseId }, 'started');
    return found;
  }
}
const link = await connectSupervisor(socket);
link.onMessage((message) => say(message));
try {
  const prepared = await link.ask(
    {
      type: 'prepare',
      lease,
      requestId: leaseId,
      holder: JSON.parse(process.env.HOLDER),
      label: 'test',
      trustDomain: 'default',
    },
    'prepared',
  );
  const child = spawn('bash', ['--norc', '-c', `read -r _; ${command}`], {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { PATH: process.env.PATH, ...prepared.env },
  });
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  await link.ask({ type: 'start', leaseId, pgid: child.pid, startTime }, 'started');
  const exited = new Promise((resolve) => child.once('exit', (code) => resolve(code ?? 1)));
  child.stdin.end('go\n');
  say({ type: 'running', pid: child.pid, prepared });
  let current = link;
  for (;;) {
    const exitCode = await Promise.race([exited, current.closed.then(() => undefined)]);
    if (exitCode !== undefined) {
      await current.ask({ type: 'finished', leaseId, exitCode }, 'cleared');
      break;
    }
    current = await resume();
    say({ type: 'resumed' });
  }
} catch (error) {
  say({ type: 'refused', failure: error.type, message: error.message });
}
process.exit(0);
