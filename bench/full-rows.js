import { randomStream } from '../dist/random.js';
import { RlConfig } from '../dist/rl/config.js';
import { policyLoss } from '../dist/rl/loss.js';

/** Random queries of one length: nothing is padded. */
export function fullQueries({ vocabSize }, { batch, source }) {
  const random = randomStream(1, ['queries']);
  return Array.from({ length: batch }, () => ids(random, source, vocabSize));
}

/** Random queries with random responses, as the policy scores them. */
export function fullSequences(config, { target, ...sizes }) {
  const random = randomStream(1, ['responses']);
  return fullQueries(config, sizes).map((query) => {
    const labels = ids(random, target, config.vocabSize);
    return { query, inputs: [config.decoderStartId, ...labels.slice(0, -1)], labels };
  });
}

function ids(random, length, vocabSize) {
  return Array.from({ length }, () => 2 + random.integer(vocabSize - 2));
}

/**
 * PPO's gradient on scored sequences, again and again. As in the first epoch: the ratio is 1, the
 * advantages are white noise.
 */
export function ppoGradient(policy, sequences, scores) {
  const random = randomStream(1, ['advantages']);
  const rows = (make) => scores.map(({ values }) => values.map((_, t) => make(t)));
  const advantages = rows(() => random.normal());
  const tokens = scores.reduce((sum, { values }) => sum + values.length, 0);
  const inputs = {
    oldLogprobs: scores.map(({ logprobs }) => logprobs),
    oldValues: scores.map(({ values }) => values),
    advantages,
    returns: scores.map(({ values }, i) => values.map((value, t) => value + advantages[i][t])),
    weights: rows(() => 1 / tokens),
  };
  const loss = policyLoss(RlConfig.parse({}));
  return () => policy.gradient(loss, sequences, inputs);
}
