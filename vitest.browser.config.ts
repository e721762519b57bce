/** `npm run test:browser`: report.html and the dashboard as Chromium shows them (Debian: apt-get install chromium; another: `CHROMIUM=FILE`). */
import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/browser.json' }];

export default defineConfig({
  test: {
    include: ['test/browser/**/*.browser.ts'],
    setupFiles: ['test/setup.ts'],
    testTimeout: 300_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 100_000 } }, // what is waited for comes, however busy the machine is
    pool: 'forks',
    maxWorkers: 1,
    reporters: process.env.CI ? ['default', results] : ['default'],
  },
});
