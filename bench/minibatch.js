import { fullSequences, ppoGradient } from './full-rows.js';
import { measure, repeat, watchMemory } from './measure.js';
import { benchPolicy } from './models.js';

/** One PPO minibatch: forward only, and forward with backward. No padding: all rows are full. */
export async function minibatch(engine, { model, reps, batch, source, target }) {
  const policy = await benchPolicy(engine, model);
  const sequences = fullSequences(policy.shape.config, { batch, source, target });
  const memory = watchMemory();
  const score = await repeat(reps, () => policy.score(sequences));
  const afterScore = memory.peak();
  const gradient = await repeat(reps, ppoGradient(policy, sequences, score.result));
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
