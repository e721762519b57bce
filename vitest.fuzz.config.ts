/** `npm run test:fuzz`: the tests that damage files, each format 25,000 times; FUZZ_RUNS says how often. Other damage with FUZZ_SEED=N. */
import { mergeConfig } from 'vitest/config';
import fast from './vitest.config.ts';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/fuzz.json' }];

process.env.FUZZ_RUNS ??= '25000';
const config = mergeConfig(fast, {
  test: { env: { FUZZ_RUNS: process.env.FUZZ_RUNS }, testTimeout: 600_000 },
});
config.test!.include = [
  'test/tensors/{safetensors,pickle,torch-file}.test.ts',
  'test/adapter/{adapter-archive,adapter-config,module-pattern}.test.ts',
  'test/hub/model-files.test.ts',
  'test/data/fuzz.test.ts',
];
config.test!.reporters = process.env.CI ? ['default', results] : ['default'];
export default config;
