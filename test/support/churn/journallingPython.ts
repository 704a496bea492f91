import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPython } from '../../../activities/platform/python.ts';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Of the commands that record themselves. */
export const holderScript = join(here, 'holder.py');

export interface JournallingPython {
  /** To be removed in the end. */
  folder: string;
  journalFolder: string;
  /** BERTH_PYTHON: starts bridges that record themselves, and is the real interpreter for the rest. */
  path: string;
}

export async function createJournallingPython(): Promise<JournallingPython> {
  const python = findPython();
  const folder = await mkdtemp(join(tmpdir(), 'berth-churn-'));
  const journalFolder = join(folder, 'journal');
  await mkdir(journalFolder);
  const path = join(folder, 'python');
  const bridge = `"${python}" -B "${here}journal_bridge.py" "${journalFolder}"`;
  const script = `#!/bin/sh
if [ "$1" = -m ] && [ "$2" = berth_bridge ]; then
  shift 2
  PYTHONPATH="$PYTHONPATH:${here}" exec ${bridge} "$@"
fi
case "$1" in
  # Asked where it lies, it must not name the real one.
  */check_environment.py) "${python}" "$@" | sed "s|\\"python\\": \\"[^\\"]*\\"|\\"python\\": \\"$0\\"|" ;;
  *) exec "${python}" "$@" ;;
esac
`;
  await writeFile(path, script);
  await chmod(path, 0o755);
  return { folder, journalFolder, path };
}
