import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/tests.json' }];

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 60_000,
    pool: 'forks',
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
