import { defineConfig } from 'vitest/config';

/** Folders whose tests run on the sources alone. Everything else may start task processes that import the built package. */
const SOURCE_ONLY = ['types', 'policy', 'context', 'hooks', 'store', 'tools', 'realtime', 'subtask', 'testing', 'cli', 'scripts'];

const folders = SOURCE_ONLY.map((name) => `test/${name}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Generous: a busy machine must not decide whether a test passes.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    projects: [
      { extends: true, test: { name: 'source', include: folders } },
      { extends: true, test: { name: 'system', include: ['test/**/*.test.ts'], exclude: folders, globalSetup: ['test/support/buildOnce.ts'] } },
    ],
  },
});
