import { chmodSync, existsSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand } from './command.mjs';
import { fingerprint, listFiles } from './fingerprint.mjs';

const folders = ['workflows', 'activities', 'workers', 'native', 'scripts'];
const inputs = [...folders, 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];

/** Compiled files whose source is gone: they would be imported, bundled or run as if they lived. */
function removeOrphans(root) {
  const dist = join(root, 'dist');
  for (const folder of folders) {
    for (const file of listFiles(join(dist, folder))) {
      const source = join(root, relative(dist, file)).replace(/(\.d\.ts|\.js)(\.map)?$/, '.ts');
      if (!existsSync(source)) rmSync(file);
    }
  }
}

/** Compiles the TypeScript sources to dist/. */
export function typescript({ root, env, state }) {
  const print = () => fingerprint(root, inputs, /\.(ts|json)$/);
  return {
    name: 'TypeScript',
    needs: [],
    due: () => !existsSync(join(root, 'dist/.tsbuildinfo')) || state.get('typescript') !== print(),
    async run(note, lock) {
      const before = print();
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      const options = { cwd: root, env, note, inherit: [lock] };
      await runCommand(process.execPath, [compiler, '-p', 'tsconfig.build.json'], options);
      removeOrphans(root);
      const cli = join(root, 'dist/scripts/cli/main.js');
      if (existsSync(cli)) chmodSync(cli, 0o755);
      state.set('typescript', before);
    },
  };
}
