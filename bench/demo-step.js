import { demoOn } from './demo-training.js';
import { measure, watchMemory } from './measure.js';

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
  const demo = await demoOn(engine, reps + 1);
  const memory = watchMemory();
  await demo.iterate(); // compiles, and does not count
  const steps = [];
  while (steps.length < reps) steps.push(await demo.iterate());
  const peak = memory.peak();
  memory.stop();
  await demo.close();
  const { batchSize, miniBatchSize, ppoEpochs } = demo.config;
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
