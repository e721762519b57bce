/** Mutation testing: `npm run test:mutation`, or `npx stryker run --mutate src/rl/gae.ts` for one file. */

/** Everything between a reward and a changed parameter that is plain arithmetic. */
const rl = [
  'config',
  'fields',
  'draws',
  'gae',
  'groups',
  'grpo',
  'invariants',
  'kl',
  'learner-state',
  'loss',
  'masked',
  'ppo',
  'rloo',
  'rules',
  'sample',
  'scores',
  'stats',
  'places',
  'rewards',
  'trl/corrections',
  'trl/estimate',
  'trl/mask',
  'trl/numpy',
  'trl/places',
  'trl/rules',
  'trl/sample',
  'trl/shuffle',
  'trl/step-policy',
  'update',
];

export default {
  mutate: [
    ...rl.map((name) => `src/rl/${name}.ts`),
    'src/model/optimizer.ts',
    'src/model/training-tensors.ts',
  ],
  testRunner: 'vitest',
  vitest: { configFile: 'vitest.mutation.config.ts' },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // what the tests read, and no tsconfig.json: Stryker edits one by TypeScript's API, which 7 lacks
  ignorePatterns: ['**', '!src/**', '!test/**', '!package.json', '!vitest.mutation.config.ts'],
  reporters: ['clear-text', 'html'],
  clearTextReporter: { reportTests: false, logTests: false, allowColor: false },
  htmlReporter: { fileName: '.cache/mutation/report.html' },
  tempDirName: '.cache/stryker',
  thresholds: { high: 95, low: 85, break: 85 },
};
