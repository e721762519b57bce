/** Every switch of semantics.ts does something; what each does is in semantics.test.ts. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer, type Tokenizer } from '../../../src/family/tokenizer.ts';
import type { Classifier } from '../../../src/model/classifier.ts';
import { loadClassifier } from '../../../src/model/load.ts';
import type { Parameters } from '../../../src/model/parameters.ts';
import type { Policy } from '../../../src/model/policy.ts';
import { GenerationConfig } from '../../../src/model/sampling.ts';
import { RlConfig } from '../../../src/rl/config.ts';
import { classifierJudge, type Judge } from '../../../src/rl/judge.ts';
import { RlLearner } from '../../../src/rl/learner.ts';
import { trainRl } from '../../../src/rl/trainer.ts';
import { type Correction, correctionNames, semanticsOf } from '../../../src/rl/trl/corrections.ts';
import { labReward } from '../../../src/rl/trl/lab-reward.ts';
import type { Engine } from '../../../src/runtime/engine.ts';
import { testEngine } from '../../engine.ts';
import { goldenPath } from '../../golden.ts';
import { randomRows } from '../../model/tiny.ts';
import { restorer, snapshot } from '../golden-policy.ts';
import { type TinyPolicy, tinyPolicy } from '../tiny-policy.ts';

let engine: Engine;
let tiny: TinyPolicy;
let policy: Policy;
let reference: Parameters;
let restore: () => Promise<void>;
let classifier: Classifier;
let judge: Judge;
let tokenizer: Tokenizer;
beforeAll(async () => {
  engine = await testEngine();
  tiny = await tinyPolicy(engine);
  ({ policy } = tiny);
  reference = await policy.parameters.copy();
  restore = restorer(policy);
  tokenizer = await loadTokenizer(goldenPath('tokenizers', 't5'));
  const model = goldenPath('roberta', 'model');
  classifier = await loadClassifier(engine, model);
  judge = classifierJudge({
    classifier,
    tokenizer: await loadTokenizer(model),
    rewardLabel: 'hate', // not always the largest logit
    toxicLabel: 'hate',
    scoreOn: 'response',
  });
});
afterAll(async () => {
  await reference.close();
  await tiny.close();
  await classifier.close();
  await engine.close();
});

const batchSize = 8;
const queries = randomRows(batchSize).map((ids, i) => ({ id: `${i}`, text: `query ${i}`, ids }));
const generation = GenerationConfig.parse({ minNewTokens: 2, maxNewTokens: 5 });

/** Parameters after two steps on the same queries. */
async function trained(options: Partial<RlConfig>): Promise<Record<string, Float32Array>> {
  const sizes = { batchSize, miniBatchSize: 4, ppoEpochs: 2, steps: 2, calibrate: 0 };
  const config = RlConfig.parse({ ...sizes, generation, learningRate: 1e-2, ...options });
  await restore();
  const learner = new RlLearner({ policy, reference, config });
  const reward = labReward(judge, {
    tokenizer,
    startIds: policy.startIds,
    generation: config.generation,
    semantics: semanticsOf(config),
    scoreOn: 'response',
  });
  const batches = () => [queries, queries];
  for await (const _ of trainRl({ policy, tokenizer, learner, reward, batches }, config));
  expect(learner.steps).toBe(2);
  return snapshot(policy);
}

/** Settings under which each defect shows; those of every run, where there are none. */
const settings: Record<Correction, Partial<RlConfig>> = {
  scoresFirstToken: {},
  keepsDecoderStart: {},
  rewardsByLabel: {},
  stripsSpecialTokens: {},
  scoresAtTemperature: { generation: { ...generation, temperature: 0.5 } },
  clipsEveryStep: { maxGradNorm: 1e-3 },
  skipsWholeStep: { ratioThreshold: 1.0005 },
  stopsBeforeStep: { earlyStopping: true, targetKl: 1e-6 },
  whitensRealTokens: { whitenRewards: true, responseLimits: [2, 6] }, // of different lengths
  shufflesByKey: {},
  samplesWithoutDropout: {},
};

let plain: Record<string, Float32Array>;
beforeAll(async () => {
  plain = await trained({});
});

describe.each(correctionNames)('left out, %s', (name) => {
  test('changes what a run learns, where its defect shows', async () => {
    const options = settings[name];
    const whole = Object.keys(options).length === 0 ? plain : await trained(options);
    expect(await trained({ ...options, without: [name] })).not.toEqual(whole);
  });
});

test('with all of them on a run is the same, bit for bit', async () => {
  expect(await trained({ without: [] })).toEqual(plain);
});

test('with all of them left out it is that of compat, but for what else compat sets', async () => {
  const { adamEps, valueHead, reference } = RlConfig.parse({ compat: 'trl-0.8.0' });
  const others = { adamEps, valueHead, reference };
  const all = await trained({ ...others, without: [...correctionNames] });
  expect(await trained({ compat: 'trl-0.8.0' })).toEqual(all);
  expect(all).not.toEqual(plain);
});
