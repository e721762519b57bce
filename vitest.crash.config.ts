/** `npm run test:crash`: runs of the program that are killed. Two at a time, one thread each. */
import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/crash.json' }];

export default defineConfig({
  test: {
    include: ['test/crash/**/*.crash.ts'],
    testTimeout: 300_000,
    hookTimeout: 300_000,
    sequence: { concurrent: true },
    maxConcurrency: 2,
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
