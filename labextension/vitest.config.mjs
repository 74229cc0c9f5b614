import { defineConfig } from 'vitest/config';

// Most tests wait more than they compute, so there are more threads than cores. A thread takes one
// file after another, which saves its start; `test/fresh.ts` gives each file modules of its own.
export default defineConfig({
  test: {
    pool: 'threads',
    maxWorkers: 4,
    isolate: false,
    testTimeout: 20_000,
    setupFiles: ['test/fresh.ts']
  }
});
