import { trainingBatches } from '../dist/data/batches.js';
import { filterByLength } from '../dist/data/prepare.js';
import { buildPrompt } from '../dist/data/prompt.js';
import { readExamples } from '../dist/data/read.js';
import { loadTokenizer } from '../dist/family/tokenizer.js';
import { DetoxConfig, rlConfigOf } from '../dist/jobs/detox/config.js';
import { presets } from '../dist/jobs/presets.js';
import { loadClassifier } from '../dist/model/load.js';
import { classifierJudge, classifierReward } from '../dist/rl/judge.js';
import { RlLearner } from '../dist/rl/learner.js';
import { trainRl } from '../dist/rl/trainer.js';
import { measure, watchMemory } from './measure.js';
import { benchPolicy } from './models.js';

/** Parts of a step, and the metrics that hold their seconds. */
const parts = {
  generate: 'time/generate',
  reward: 'time/reward',
  score: 'time/ppo/forward_pass',
  update: 'time/ppo/optimize_step',
  'whole step': 'time/step',
};

/** PPO steps of `--preset demo`, split into their parts. */
export async function demoStep(engine, { reps }) {
  const config = DetoxConfig.parse({ ...presets.demo, steps: reps + 1 });
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
  const memory = watchMemory();
  const steps = [];
  for await (const event of trainRl({ policy, tokenizer, learner, reward, batches }, ppo)) {
    if (event.type === 'step' && event.step > 1) steps.push(event.metrics);
  }
  const peak = memory.peak();
  memory.stop();
  for (const part of [policy, classifier, reference]) await part.close();
  const { batchSize, miniBatchSize, ppoEpochs } = config;
  return {
    setting: { model: 'demo', batchSize, miniBatchSize, ppoEpochs },
    measures: Object.entries(parts).map(([name, metric]) =>
      measure(
        name,
        's',
        steps.map((metrics) => metrics[metric]),
      ),
    ),
    memoryMb: { 'demo step': peak },
  };
}
