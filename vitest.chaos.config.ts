import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    pool: 'forks',
    include: ['test/chaos/**/*.test.ts'],
    maxWorkers: 1,
    // A job that dies twenty times waits for as many heartbeat time-outs.
    testTimeout: 2_400_000,
    hookTimeout: 180_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
});
