/** `npm run test:interop`: the real Python libraries and transformers.js, against our files. One at a time. */
import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/interop.json' }];

export default defineConfig({
  test: {
    include: ['test/interop/**/*.interop.ts'],
    globalSetup: ['test/interop/install.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
    maxWorkers: 1,
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
