import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/tests.json' }];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    isolate: false, // no test changes a module; loading each once halves the time
    maxWorkers: 2,
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
