/** `npm run test:machines`: runs on several worker processes over a real Redis, which fail on purpose. Two files at a time. */
import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/machines.json' }];

export default defineConfig({
  test: {
    include: ['test/machines/**/*.machines.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 600_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 100_000 } }, // what is waited for comes, however busy the machine is
    pool: 'forks',
    maxWorkers: 2, // much of the time is waiting: for locks to run out, for who is gone to be noticed
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
