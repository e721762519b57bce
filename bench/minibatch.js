import { randomStream } from '../dist/random.js';
import { RlConfig } from '../dist/rl/config.js';
import { policyLoss } from '../dist/rl/loss.js';
import { measure, repeat, watchMemory } from './measure.js';
import { benchPolicy } from './models.js';

/** One PPO minibatch: forward only, and forward with backward. No padding: all rows are full. */
export async function minibatch(engine, { model, reps, batch, source, target }) {
  const policy = await benchPolicy(engine, model);
  const { vocabSize, decoderStartId } = policy.shape.config;
  const random = randomStream(1, ['minibatch']);
  const ids = (length) => Array.from({ length }, () => 2 + random.integer(vocabSize - 2));
  const sequences = Array.from({ length: batch }, () => {
    const labels = ids(target);
    return { query: ids(source), inputs: [decoderStartId, ...labels.slice(0, -1)], labels };
  });
  const memory = watchMemory();
  const score = await repeat(reps, () => policy.score(sequences));
  const afterScore = memory.peak();
  const inputs = lossInputs(score.result, random);
  const loss = policyLoss(RlConfig.parse({}));
  const gradient = await repeat(reps, () => policy.gradient(loss, sequences, inputs));
  const afterGradient = memory.peak();
  memory.stop();
  await policy.close();
  return {
    setting: { model, batch, source, target, loraRank: policy.shape.lora?.rank },
    measures: [
      measure('forward', 's', score.seconds),
      measure('forward + backward', 's', gradient.seconds),
      measure('forward, cores', 's', score.cpuSeconds),
      measure('forward + backward, cores', 's', gradient.cpuSeconds),
    ],
    memoryMb: { forward: afterScore, 'forward + backward': afterGradient },
  };
}

/** As in PPO's first epoch: the ratio is 1, the advantages are white noise. */
function lossInputs(scores, random) {
  const rows = (make) => scores.map(({ values }) => values.map((_, t) => make(t)));
  const advantages = rows(() => random.normal());
  const tokens = scores.reduce((sum, { values }) => sum + values.length, 0);
  return {
    oldLogprobs: scores.map(({ logprobs }) => logprobs),
    oldValues: scores.map(({ values }) => values),
    advantages,
    returns: scores.map(({ values }, i) => values.map((value, t) => value + advantages[i][t])),
    weights: rows(() => 1 / tokens),
  };
}
