import { expect, test } from 'vitest';
import { DetoxConfig } from '../../../src/jobs/detox/config.ts';
import { idleCorrections, variantsOf } from '../../../src/jobs/versus/variants.ts';
import { correctionNames } from '../../../src/rl/trl/corrections.ts';

const config = (more: object = {}) =>
  DetoxConfig.parse({ model: 'm', rewardModel: 'r', data: 'd', ...more });
const acting = { temperature: 0.7, maxGradNorm: 1, earlyStopping: true, whitenRewards: true };

test('without ablation there are two runs', () => {
  expect(variantsOf(config(), { ablate: false }).map(({ name }) => name)).toEqual([
    'default',
    'trl-0.8.0',
  ]);
});

test('with settings on which all corrections act, each is left out once', () => {
  const [, , ...single] = variantsOf(config(acting), { ablate: true });
  expect(single.map(({ without }) => without)).toEqual(correctionNames);
  expect(single.map(({ over }) => over.without)).toEqual(correctionNames.map((name) => [name]));
});

test.each([
  ['temperature', 'scoresAtTemperature'],
  ['maxGradNorm', 'clipsEveryStep'],
  ['earlyStopping', 'stopsBeforeStep'],
  ['whitenRewards', 'whitensRealTokens'],
] as const)('without %s there is nothing for %s to correct', (setting, name) => {
  const { [setting]: _, ...others } = acting;
  expect(idleCorrections(config(others))).toEqual([name]);
});

test.each([
  [
    { compat: 'trl-0.8.0' },
    '`compat`: expected not given beside `versus`, which runs both ways, got trl-0.8.0. Leave it out.',
  ],
  [
    { without: ['rewardsByLabel'] },
    '`without`: expected not given beside `versus`, which runs both ways, got rewardsByLabel. Leave it out.',
  ],
  [
    { algorithm: 'grpo', numGenerations: 4 },
    '`versus`: expected settings that fit the run trl-0.8.0, got others (`compat`: trl-0.8.0 goes with `algorithm` ppo alone)',
  ],
])('%o is refused', (more, message) => {
  expect(() => variantsOf(config(more), { ablate: true })).toThrow(message);
});
