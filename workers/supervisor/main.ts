import { mkdir } from 'node:fs/promises';
import { pino } from 'pino';
import { readConfig } from '../../activities/platform/config.ts';
import { createPaths } from '../../activities/platform/paths.ts';
import { BerthError, berthError } from '../../workflows/contracts/errors.ts';
import { sendToParent } from './messages.ts';
import { tryProcessLock } from './processLock.ts';
import { openProcessLog } from './processLog.ts';
import { supervisorLock } from './stackFile.ts';
import { createSupervisor } from './supervisor.ts';

/**
 * The supervisor's process. `--attached`: it ends with whoever started it (stack.ts); otherwise it
 * outlives its parent and its terminal.
 */
async function main(attached: boolean): Promise<number> {
  const config = readConfig();
  const paths = createPaths(config.home, config.shm);
  await mkdir(paths.run, { recursive: true, mode: 0o700 });
  const attempt = await tryProcessLock(supervisorLock(paths));
  if ('holder' in attempt) {
    throw berthError(
      'StackRunning',
      `a stack already runs in ${paths.home} (process ${attempt.holder.pid}); berth down stops it`,
    );
  }
  const log = await openProcessLog(paths, 'supervisor');
  const logger = pino({ name: 'supervisor', level: config.logLevel }, log);
  const supervisor = createSupervisor({
    config,
    paths,
    env: process.env,
    logger,
    onProgress: (message) => {
      logger.info(message);
      void sendToParent({ type: 'progress', message });
    },
  });

  const stopRequested = new Promise<string>((resolve) => {
    let asked = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.on(signal, () => {
        if (asked) supervisor.kill();
        asked = true;
        resolve(signal);
      });
    }
    process.on('SIGHUP', () => attached && resolve('SIGHUP'));
    process.on('disconnect', () => attached && resolve('the starting process ended'));
  });

  try {
    const started = supervisor.start();
    const early = await Promise.race([started.then(() => undefined), stopRequested]);
    if (early === undefined) await sendToParent({ type: 'ready' });
    else started.catch((error) => logger.warn({ error: String(error) }, 'start given up'));
    logger.info({ reason: await stopRequested }, 'draining');
    return 0;
  } catch (error) {
    logger.error({ error: String(error) }, 'the stack did not come up');
    throw error;
  } finally {
    await supervisor.stop();
    await attempt.lock.release();
    await log.close();
  }
}

try {
  process.exitCode = await main(process.argv.includes('--attached'));
} catch (error) {
  const failure = error instanceof BerthError ? error.type : 'Unexpected';
  const message = String(error instanceof Error ? error.message : error);
  if (failure === 'Unexpected') console.error(error);
  else console.error(message);
  await sendToParent({ type: 'failed', failure, message });
  process.exitCode = 1;
}
// The channel to the parent would keep an attached process alive.
if (process.connected) process.disconnect();
