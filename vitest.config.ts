import { defineConfig } from 'vitest/config';

/** Folders whose tests import sources only. Everything else may start task processes that import the built package. */
const SOURCE_ONLY = ['types', 'policy', 'context', 'hooks', 'store', 'tools', 'realtime', 'subtask', 'testing', 'cli', 'scripts'];

/** Makes the programs that the library starts, even from source: its thread, its helper and task processes. */
const BUILD = ['test/support/buildOnce.ts'];

const folders = SOURCE_ONLY.map((name) => `test/${name}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Generous: a busy machine must not decide whether a test passes.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    teardownTimeout: 60_000,
    expect: { poll: { timeout: 120_000 } },
    projects: [
      { extends: true, test: { name: 'source', include: folders, globalSetup: BUILD } },
      { extends: true, test: { name: 'system', include: ['test/**/*.test.ts'], exclude: folders, globalSetup: BUILD } },
    ],
  },
});
