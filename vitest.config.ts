import { defineConfig } from 'vitest/config';
import LastFiles from './test/support/lastFiles.ts';

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/{unit,conformance,integration}/**/*.test.ts'],
    // Two at most: integration files start servers and Python, and the smallest machine has two cores.
    maxWorkers: 2,
    sequence: { sequencer: LastFiles },
    // What is waited for comes when it comes: a busy machine is no failure, only a hang is.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
