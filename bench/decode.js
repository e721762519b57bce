import { GenerationConfig } from '../dist/model/sampling.js';
import { fullQueries } from './full-rows.js';
import { measure, watchMemory } from './measure.js';
import { benchPolicy } from './models.js';
import { timedEngine } from './timed-engine.js';

/** Sampling with a KV cache: no row ends before the last step. */
export async function decode(engine, { model, reps, batch, source, steps }) {
  const timed = timedEngine(engine);
  const policy = await benchPolicy(timed.engine, model);
  const queries = fullQueries(policy.shape.config, { batch, source });
  const config = GenerationConfig.parse({ minNewTokens: steps, maxNewTokens: steps });
  const draw = { seed: 1, key: ['decode'] };
  const memory = watchMemory();
  const [first, later] = [[], []];
  for (let rep = 0; rep <= reps; rep++) {
    timed.take();
    const start = performance.now();
    await policy.generate(queries, config, draw);
    const ends = timed.take().flatMap(({ name, end }) => (name.startsWith('decode') ? [end] : []));
    if (rep === 0) continue;
    first.push((ends[0] - start) / 1000);
    later.push(...ends.slice(1).map((end, i) => end - ends[i]));
  }
  const peak = memory.peak();
  memory.stop();
  await policy.close();
  const measures = [measure('encode + first step', 's', first)];
  if (steps > 1) measures.push(measure('step', 'ms', later));
  return { setting: { model, batch, source, steps }, measures, memoryMb: { decode: peak } };
}
