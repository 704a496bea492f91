import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from './command.mjs';
import { fingerprint } from './fingerprint.mjs';

const inputs = ['src', 'Cargo.toml', 'Cargo.lock', 'build.rs', '.cargo', 'rust-toolchain.toml'];

/** Builds native/addon and puts it at native/addon/build/berth.node. */
export function rustAddon({ root, env, state }) {
  const crate = join(root, 'native/addon');
  const built = join(crate, 'build/berth.node');
  const print = () => fingerprint(crate, inputs);
  return {
    name: 'Rust addon',
    needs: ['rust', 'cc'],
    due: () => !existsSync(built) || state.get('addon') !== print(),
    async run(note, lock) {
      const before = print();
      const target = join(crate, 'target');
      // Cargo looks for its configuration from the working directory upwards, not from the manifest.
      const options = { cwd: crate, env, note, inherit: [lock] };
      await runCommand(
        'cargo',
        ['build', '--release', '--locked', '--target-dir', target],
        options,
      );
      mkdirSync(join(crate, 'build'), { recursive: true });
      // A process may have the old file mapped: it keeps it, as the new one is another inode.
      copyFileSync(join(target, 'release/libberth_native.so'), `${built}.partial`);
      renameSync(`${built}.partial`, built);
      state.set('addon', before);
    },
  };
}
