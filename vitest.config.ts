import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/{unit,conformance,integration}/**/*.test.ts'],
    // Two at most: integration files start servers and Python, and the smallest machine has two cores.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // What is polled for comes when it comes: a busy machine is no failure.
    expect: { poll: { timeout: 20_000 } },
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
