/** `npm run test:slow`: whole jobs, from the files that they read to the files that they write. */
import { mergeConfig } from 'vitest/config';
import fast from './vitest.config.ts';

const results: ['json', { outputFile: string }] = ['json', { outputFile: '.cache/slow.json' }];

const config = mergeConfig(fast, {});
config.test!.include = ['test/**/*.slow.ts'];
config.test!.reporters = process.env.CI ? ['default', results] : ['default'];
export default config;
