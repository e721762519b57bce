import { GenerationConfig } from '../dist/model/sampling.js';
import { randomStream, uniform } from '../dist/random.js';
import { measure, watchMemory } from './measure.js';
import { benchPolicy } from './models.js';

/** Sampling with a KV cache: no row ends before the last step. */
export async function decode(engine, { model, reps, batch, source, steps }) {
  const policy = await benchPolicy(engine, model);
  const { vocabSize } = policy.shape.config;
  const random = randomStream(1, ['decode']);
  const queries = Array.from({ length: batch }, () =>
    Array.from({ length: source }, () => 2 + random.integer(vocabSize - 2)),
  );
  const config = GenerationConfig.parse({ minNewTokens: steps, maxNewTokens: steps });
  const memory = watchMemory();
  const [first, later] = [[], []];
  for (let rep = 0; rep <= reps; rep++) {
    let last = performance.now();
    const draw = (row, token) => {
      if (row === 0) {
        const now = performance.now();
        if (rep > 0) (token === 0 ? first : later).push(now - last);
        last = now;
      }
      return uniform(1, ['decode', row, token]);
    };
    await policy.generate(queries, config, draw);
  }
  const peak = memory.peak();
  memory.stop();
  await policy.close();
  const measures = [
    measure(
      'encode + first step',
      's',
      first.map((ms) => ms / 1000),
    ),
    measure('step', 'ms', later),
  ];
  return { setting: { model, batch, source, steps }, measures, memoryMb: { decode: peak } };
}
