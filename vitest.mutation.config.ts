/** The tests that judge mutants: those of the arithmetic, which need no engine. See stryker.config.mjs. */
import { defineConfig } from 'vitest/config';

const rl = [
  'column',
  'config',
  'draws',
  'gae',
  'groups',
  'grpo',
  'invariants-plain',
  'kl',
  'learner-state',
  'loss-plain',
  'masked',
  'ppo',
  'rewards',
  'rloo',
  'rules',
  'sample',
  'scores',
  'stats',
  'trl/numpy',
  'trl/sample',
  'update',
];

export default defineConfig({
  test: {
    include: [...rl.map((name) => `test/rl/${name}.test.ts`), 'test/model/optimizer.test.ts'],
    setupFiles: ['test/setup.ts'],
    isolate: false, // no test changes a module; Stryker starts anew for each mutant
  },
});
