import { readdir, rm } from 'node:fs/promises';
import { readJson } from '../../../activities/platform/atomicFile.ts';
import { commandsOf } from './mpsClients.ts';
import {
  attachMpsDaemon,
  closeMpsDaemon,
  type MpsDaemon,
  type MpsDaemonDeps,
} from './mpsDaemon.ts';
import { isOwnFolder, mpsFolderOf, mpsRecordSchema } from './mpsFolder.ts';

/**
 * Looks after the daemons of a supervisor that was killed: one whose commands still run goes on,
 * since they outlive the supervisor for as long as their leases, and only their own daemon can
 * terminate them; every other one is quit, and the GPU's compute mode given back.
 * @returns the daemons that go on
 */
export async function takeOverLeftovers(deps: MpsDaemonDeps): Promise<MpsDaemon[]> {
  const names = await readdir(deps.root).catch(() => []);
  // Under the temporary folder anybody may have made it: what its records and links name is not ours.
  if (names.length > 0 && !(await isOwnFolder(deps.root))) {
    deps.logger.error({ root: deps.root }, 'a folder of MPS daemons that others can reach into');
    return [];
  }
  const found = await Promise.all(names.map((name) => takeOver(deps, name)));
  return found.filter((daemon) => daemon !== undefined);
}

async function takeOver(deps: MpsDaemonDeps, name: string): Promise<MpsDaemon | undefined> {
  const folder = mpsFolderOf(deps.root, name);
  // A damaged record cannot name a device: nothing but its folder is touched.
  const record = await readJson(folder.record, mpsRecordSchema).catch(() => undefined);
  if (record === undefined) {
    await rm(folder.root, { recursive: true, force: true });
    return undefined;
  }
  const daemon = attachMpsDaemon(deps, folder, record);
  const commands = commandsOf(folder.pipe, daemon.process);
  const about = { device: record.deviceId, trustDomain: record.trustDomain };
  if (commands.length > 0) {
    deps.logger.info({ ...about, commands }, 'took over MPS, whose commands still run');
    return daemon;
  }
  await closeMpsDaemon(deps, daemon);
  deps.logger.info(about, 'quit MPS, left by a supervisor that was killed');
  return undefined;
}
