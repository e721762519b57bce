/** Drawing by the graph against the sampler, which sums in float64. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Graph } from '../../src/graph/graph.ts';
import { draw } from '../../src/model/draw.ts';
import { logprobOf, sampleToken } from '../../src/model/sampling.ts';
import { randomStream } from '../../src/random.ts';
import { float32, int64 } from '../../src/tensor.ts';
import { runGraph } from '../graph/run.ts';

/** Draws one token a row; rows of `refuses` may not have token 1, or those of `refusedIds`. */
async function drawn(
  rows: readonly ArrayLike<number>[],
  uniforms: readonly number[],
  refuses: readonly number[] = rows.map(() => 0),
  refusedIds: readonly number[] = [1],
) {
  const vocabulary = rows[0].length;
  const build = (graph: Graph) =>
    draw(graph.input('logits', 'float32', ['batch', vocabulary]), {
      uniform: graph.input('uniform', 'float32', ['batch']),
      refused: graph.input('refused', 'float32', ['batch']),
      refusedIds,
    });
  const { tokens, logprobs } = await runGraph(build, {
    logits: float32(
      rows.flatMap((row) => Array.from(row)),
      [rows.length, vocabulary],
    ),
    uniform: float32(uniforms),
    refused: float32(refuses),
  });
  expect(tokens).toEqual(int64(Array.from(tokens.data, Number), [rows.length]));
  return { tokens: Array.from(tokens.data, Number), logprobs: logprobs.data as Float32Array };
}

const { normal, next } = randomStream(1, ['draw']);
const vocabularies = [2, 3, 7, 16, 97, 100, 1000, 32_128];

test.each(vocabularies)('draws what the sampler draws, of %i tokens', async (vocabulary) => {
  const count = vocabulary > 10_000 ? 24 : 200;
  const rows = Array.from({ length: count }, (_, i) => {
    const spread = [0, 1, 4, 20][i % 4]; // from all alike to nearly certain
    return Float32Array.from({ length: vocabulary }, () => spread * normal());
  });
  const uniforms = Array.from(
    { length: count },
    (_, i) => [next(), 0, 1 - 2 ** -32][i % 8] ?? next(),
  );
  const refuses = rows.map((_, i) => Number(i % 5 === 0));
  const { tokens, logprobs } = await drawn(rows, uniforms, refuses);
  for (const [i, row] of rows.entries()) {
    const allowed = row.slice();
    if (refuses[i]) allowed[1] = -Infinity;
    const [a, b] = [tokens[i], sampleToken(allowed, uniforms[i])];
    // float32 sums may fall on the other side of a border
    if (a !== b) expect(gap(allowed, a, uniforms[i])).toBeLessThan(1e-6);
    expect(allowed[a]).toBeGreaterThan(-Infinity);
    // the whole distribution, the refused token included
    expect(logprobs[i]).toBeCloseTo(logprobOf(row, a, 1), 4);
  }
});

/** How far u is outside of the part of [0, 1] that belongs to a token. */
function gap(logits: Float32Array, token: number, u: number): number {
  const largest = Math.max(...logits);
  const weights = Array.from(logits, (x) => Math.exp(x - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const start = weights.slice(0, token).reduce((sum, weight) => sum + weight, 0) / total;
  return Math.max(start - u, u - start - weights[token] / total, 0);
}

test('never draws a token without probability', async () => {
  const row = fc.array(fc.constantFrom(-Infinity, -200, 0, 3), { minLength: 5, maxLength: 5 });
  const u = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  await fc.assert(
    fc.asyncProperty(row, u, async (logits, uniform) => {
      fc.pre(logits.some((logit) => logit >= 0));
      const { tokens } = await drawn([logits], [uniform]);
      expect(logits[tokens[0]]).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 50 },
  );
});

test('draws in proportion to the probabilities', async () => {
  const logits = [0, 1, 2, 3, -1, 0.5, 2.5];
  const count = 4000;
  const uniforms = Array.from({ length: count }, (_, i) => (i + 0.5) / count);
  const { tokens } = await drawn(
    uniforms.map(() => logits),
    uniforms,
  );
  for (const token of logits.keys()) {
    const share = tokens.filter((one) => one === token).length / count;
    expect(share).toBeCloseTo(Math.exp(logprobOf(logits, token, 1)), 3); // one of 4000 at each border
  }
});

test('a certain end that is refused leaves the others their shares', async () => {
  const logits = [0, 200, Math.log(3), -500];
  const { tokens, logprobs } = await drawn([logits, logits, logits], [0.2, 0.3, 0.5], [1, 1, 0]);
  expect(tokens).toEqual([0, 2, 1]);
  expect(logprobs).toBeAllClose([-200, Math.log(3) - 200, 0], { atol: 1e-4 });
});

test.each([[[]], [[2, 0]], [[3, 1, 0]]])(
  'of the refused tokens %j none is drawn',
  async (refused) => {
    const logits = [2, 200, Math.log(3), 0, 1];
    const uniforms = [0.01, 0.3, 0.6, 0.99];
    const rows = uniforms.map(() => logits);
    const ones = rows.map(() => 1);
    const { tokens, logprobs } = await drawn(rows, uniforms, ones, refused);
    const allowed = Float32Array.from(logits, (x, i) => (refused.includes(i) ? -Infinity : x));
    expect(tokens).toEqual(uniforms.map((u) => sampleToken(allowed, u)));
    // of the whole distribution
    expect(logprobs).toBeAllClose(
      tokens.map((token) => logprobOf(logits, token, 1)),
      { atol: 1e-4 },
    );
  },
);

test('logits that are not finite give a logprob that is none', async () => {
  for (const bad of [Number.NaN, Infinity]) {
    const { logprobs } = await drawn(
      [
        [0, 1, bad, 2],
        [0, 1, 2, 3],
      ],
      [0.5, 0.5],
    );
    expect([Number.isFinite(logprobs[0]), Number.isFinite(logprobs[1])]).toEqual([false, true]);
  }
});
