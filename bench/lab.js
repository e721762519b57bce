import { InternalError } from '../dist/errors.js';
import { loadClassifier } from '../dist/model/load.js';
import { RlConfig } from '../dist/rl/config.js';
import { RlLearner } from '../dist/rl/learner.js';
import { trainRl } from '../dist/rl/trainer.js';
import { policyWith } from './models.js';
import { randomModel } from './random-model.js';

/**
 * The lab's training on a workload, by the trainer that users have: each iteration generates
 * responses of exactly the given lengths, asks the classifier, and learns from the given scores.
 * @returns `iterate`, which runs one iteration, and the ids of the parameters' states
 */
export async function labOn(engine, work, iterations) {
  const policy = await policyWith(engine, await randomModel(work.t5), work.lora);
  const classifier = await loadClassifier(engine, await randomModel(work.roberta));
  const reference = await policy.parameters.copy();
  const config = rlConfig(work, iterations);
  const learner = new RlLearner({ policy, reference, config });
  learner.draws = { ...learner.draws, limit: (_step, row) => work.responses[row] };
  const queries = work.queries.map((ids, i) => ({ id: `${i}`, text: '', ids }));
  const events = trainRl(
    {
      policy,
      learner,
      tokenizer: { decodeBatch: async (rows) => rows.map(() => '') }, // ids have no words here
      reward: rewardOf(work, classifier),
      batches: (start) => Array.from({ length: iterations - start }, () => queries),
    },
    config,
  );
  return {
    states: { policy: policy.parameters.state.id, reference: reference.state.id },
    async iterate() {
      for (;;) {
        const { value, done } = await events.next();
        if (done) throw new InternalError('lab: there are no more iterations');
        if (value.type === 'step') return value.metrics;
      }
    },
    async close() {
      for (const part of [policy, classifier, reference]) await part.close();
    },
  };
}

function rlConfig({ responses, ppo }, steps) {
  const longest = Math.max(...responses);
  return RlConfig.parse({
    ...ppo,
    steps,
    calibrate: 0,
    ratioThreshold: 1e9, // no minibatch is skipped, wherever a random model goes
    responseLimits: [1, longest + 1],
    generation: { minNewTokens: longest, maxNewTokens: longest },
  });
}

/** The classifier reads the workload's texts, whatever was generated; scores are the workload's. */
function rewardOf({ responses, texts, scores }, classifier) {
  return async function workload(rollouts) {
    const lengths = rollouts.map(({ response }) => response.length);
    if (`${lengths}` !== `${responses}`) {
      throw new InternalError(`lab: responses of ${lengths} tokens, not of ${responses}`);
    }
    await classifier.logits(texts);
    return scores;
  };
}
