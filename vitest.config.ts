import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/tests.json' }];

/** Whatever is set up on this machine: only OpenVINO's own tests look for it, in TEST_OPENVINO. */
const env = {
  no_proxy: '*', // the servers of all tests are here
  TEST_OPENVINO: process.env.TACTFUL_OPENVINO ?? '',
  TACTFUL_OPENVINO: '',
  XDG_DATA_HOME: join(tmpdir(), 'tactful-no-data'),
};

export default defineConfig({
  test: {
    env,
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
