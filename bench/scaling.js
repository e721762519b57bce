import { GenerationConfig } from '../dist/model/sampling.js';
import { fullQueries, fullSequences, ppoGradient } from './full-rows.js';
import { measure, repeat } from './measure.js';
import { benchPolicy } from './models.js';
import { timedEngine } from './timed-engine.js';

/** Where all axes cross. */
const centre = { batch: 8, source: 128, target: 32, rank: 32 };

/** What is changed alone, and through which points. */
const points = {
  batch: [1, 4, 16, 32],
  source: [64, 128, 256, 512],
  target: [16, 32, 64, 128],
  rank: [4, 16, 64, 128],
};

/** What `--axis` takes. */
export const axes = ['all', ...Object.keys(points)];

/**
 * Milliseconds a token while one size changes alone: where the ratio to the first point stays 1,
 * time grows as tokens do. Decoding counts the tokens of the responses; forward and backward those
 * of the queries as well.
 */
export async function scaling(engine, { model, reps, axis }) {
  const tables = { decodePerToken: {}, gradientPerToken: {} };
  for (const [name, sizes] of Object.entries(points)) {
    if (axis !== 'all' && axis !== name) continue;
    const first = {};
    for (const size of sizes) {
      const times = await perToken(engine, model, reps, { ...centre, [name]: size });
      for (const [table, { minimum, median }] of Object.entries(times)) {
        first[table] ??= { minimum, median };
        tables[table][`${name} ${size}`] = {
          'minimum, ms': minimum,
          'to first': minimum / first[table].minimum,
          'median, ms': median,
          'median/first': median / first[table].median,
        };
      }
    }
  }
  return { setting: { model, ...centre, reps }, ...tables };
}

/** Both times of one point, in milliseconds. */
async function perToken(engine, model, reps, { rank, ...sizes }) {
  const timed = timedEngine(engine);
  const policy = await benchPolicy(timed.engine, model, rank);
  const { batch, source, target } = sizes;
  const decode = await decodeSeconds(timed, policy, reps, sizes);
  const sequences = fullSequences(policy.shape.config, sizes);
  const scores = await policy.score(sequences);
  const gradient = await repeat(reps, ppoGradient(policy, sequences, scores));
  await policy.close();
  const each = (seconds, tokens) =>
    measure(
      '',
      'ms',
      seconds.map((second) => (1000 * second) / tokens),
    );
  return {
    decodePerToken: each(decode, batch * target),
    gradientPerToken: each(gradient.seconds, batch * (source + target)),
  };
}

/** Seconds from the encoded queries to the last token, sampling included. */
async function decodeSeconds(timed, policy, reps, { target, ...sizes }) {
  const queries = fullQueries(policy.shape.config, sizes);
  const config = GenerationConfig.parse({ minNewTokens: target, maxNewTokens: target });
  const draw = { seed: 1, key: ['decode'] };
  timed.take();
  const encoding = [];
  const { seconds } = await repeat(reps, async () => {
    await policy.generate(queries, config, draw);
    const encoded = timed.take().filter(({ name }) => name === 'encode');
    encoding.push(encoded.reduce((sum, { start, end }) => sum + (end - start) / 1000, 0));
  });
  return seconds.map((second, i) => second - encoding[i + 1]); // the first did not count
}
