/** What must not compile: `npm run check` fails where a line below an expectation does. */
import {
  ClassifyConfig,
  DetoxConfig,
  GenerationConfig,
  presets,
  RlConfig,
  SftConfig,
  SupervisedConfig,
} from '../../src/index.ts';

const places = { model: 'm', data: 'd' };

/** Never called: these lines are there for the compiler. */
export const right = () => [
  RlConfig.parse({ steps: 30, batchSize: 16 }),
  RlConfig.parse({}),
  DetoxConfig.parse({ ...presets.demo, steps: 3, samples: 50 }),
  SftConfig.parse({ ...places, loraRank: 8 }),
  ClassifyConfig.parse(places),
  SupervisedConfig.parse({}),
  GenerationConfig.parse({ maxNewTokens: 8 }),
];

/** Never called. */
export const wrong = () => [
  // @ts-expect-error no such setting
  RlConfig.parse({ stepz: 30 }),
  // @ts-expect-error a number
  RlConfig.parse({ steps: '30' }),
  // @ts-expect-error one of three
  RlConfig.parse({ algorithm: 'dpo' }),
  // @ts-expect-error no such setting
  DetoxConfig.parse({ ...presets.demo, stepz: 3 }),
  // @ts-expect-error a number
  DetoxConfig.parse({ ...presets.demo, seed: true }),
  // @ts-expect-error no data
  SftConfig.parse({ model: 'm' }),
  // @ts-expect-error no such setting
  SftConfig.parse({ ...places, rank: 8 }),
  // @ts-expect-error one of some
  ClassifyConfig.parse({ ...places, classWeights: 'equal' }),
  // @ts-expect-error no such setting
  SupervisedConfig.parse({ epoch: 3 }),
  // @ts-expect-error no such setting
  GenerationConfig.parse({ maxTokens: 8 }),
];
