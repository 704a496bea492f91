import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { lockedEnvironment } from './lockedEnvironment.mjs';
import { readJson, writeJson } from './state.mjs';

const imports = 'import chromadb_rust_bindings, qdrant_edge';

/**
 * The Python environment of the vector stores that Berth runs, apart from the bridge's, which it
 * must not change. Where it lies is recorded in `.setup/stores.json`, which
 * activities/platform/storesPython.ts reads.
 */
export function storesEnvironment({ root, cache, env, interpreter }) {
  const requirements = join(root, 'native/stores/requirements.txt');
  const record = join(root, '.setup/stores.json');
  const locked = lockedEnvironment({ cache, env, folder: 'stores', requirements, interpreter });
  return {
    name: 'vector stores',
    needs: [],
    due() {
      if (env.BERTH_STORES_PYTHON || !existsSync(requirements)) return false;
      const known = readJson(record);
      return known?.lock !== locked.lockHash() || !locked.isComplete(known.environment);
    },
    async run(note) {
      const verify = (python, options) => runCommand(python, ['-c', imports], options);
      const { environment } = await locked.ensure(verify, note);
      const python = join(environment, 'bin/python');
      writeJson(record, { python, environment, lock: locked.lockHash() });
    },
  };
}
