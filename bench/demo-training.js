import { trainingBatches } from '../dist/data/batches.js';
import { filterByLength } from '../dist/data/prepare.js';
import { buildPrompt } from '../dist/data/prompt.js';
import { readExamples } from '../dist/data/read.js';
import { InternalError } from '../dist/errors.js';
import { loadTokenizer } from '../dist/family/tokenizer.js';
import { DetoxConfig, rlConfigOf } from '../dist/jobs/detox/config.js';
import { presets } from '../dist/jobs/presets.js';
import { loadClassifier } from '../dist/model/load.js';
import { classifierJudge, classifierReward } from '../dist/rl/judge.js';
import { RlLearner } from '../dist/rl/learner.js';
import { trainRl } from '../dist/rl/trainer.js';
import { benchPolicy } from './models.js';

/**
 * The training of `--preset demo`, by the trainer that users have.
 * @returns `iterate`, which does one step and gives its metrics
 */
export async function demoOn(engine, steps, settings = {}) {
  const config = DetoxConfig.parse({ ...presets.demo, ...settings, steps });
  const policy = await benchPolicy(engine, 'demo');
  const tokenizer = await loadTokenizer(config.model);
  const classifier = await loadClassifier(engine, config.rewardModel);
  const judge = classifierJudge({
    ...config,
    classifier,
    tokenizer: await loadTokenizer(config.rewardModel),
  });
  const bounds = { minimum: config.minimumLength, maximum: config.maximumLength };
  const examples = filterByLength((await readExamples(config.data, config)).examples, bounds);
  const texts = examples.map(({ dialogue }) => buildPrompt(dialogue));
  const ids = await tokenizer.encodeBatch(texts, { maxLength: config.maxQueryTokens });
  const queries = texts.map((text, i) => ({ id: examples[i].id, text, ids: ids[i] }));
  const ppo = rlConfigOf(config);
  const batches = (start) =>
    [...trainingBatches(queries.length, { ...ppo, start })].map((rows) =>
      rows.map((i) => queries[i]),
    );
  const reference = await policy.parameters.copy();
  const learner = new RlLearner({ policy, reference, config: ppo });
  const reward = classifierReward(judge);
  const events = trainRl({ policy, tokenizer, learner, reward, batches }, ppo);
  return {
    config,
    async iterate() {
      for (;;) {
        const { value, done } = await events.next();
        if (done) throw new InternalError('demo: there are no more steps');
        if (value.type === 'step') return value.metrics;
      }
    },
    async close() {
      for (const part of [policy, classifier, reference]) await part.close();
    },
  };
}
