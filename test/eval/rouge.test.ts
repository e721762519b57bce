import { describe, expect, test } from 'vitest';
import { porterStem } from '../../src/eval/porter.ts';
import {
  type RougeScores,
  type RougeType,
  rouge,
  rougeTokens,
  rougeTypes,
} from '../../src/eval/rouge.ts';
import { numpyRandom } from '../../src/rl/trl/numpy.ts';
import { goldenJson } from '../golden.ts';

const modes = ['plain', 'stemmer'] as const;
/** Precision, recall, F, by type. */
type GoldenScores = Record<RougeType, [number, number, number]>;
type Modes<T> = Record<(typeof modes)[number], T>;

/** Written by rouge_score 0.1.2 and nltk; see the golden folder's README. */
const golden = await goldenJson<{
  pairs: ({ reference: string; prediction: string } & Modes<GoldenScores>)[];
  multi_reference: ({ references: string[]; prediction: string } & Modes<GoldenScores>)[];
  aggregate: Modes<
    Record<'plain_mean' | 'bootstrap_mid_seed0', Record<RougeType, number>> & {
      low_mid_high: Record<RougeType, [number, number, number][]>;
    }
  >;
  tokenize: ({ text: string } & Modes<string[]>)[];
  stems: Record<string, string>;
}>('metrics', 'rouge.json');

// Both sides are float64 and differ only in the order of a few operations.
const close = { atol: 1e-9 };

function expectScores(actual: RougeScores, expected: GoldenScores) {
  for (const type of rougeTypes) {
    const { precision, recall, f } = actual[type];
    expect([precision, recall, f]).toBeAllClose(expected[type], close);
  }
}

describe.each(modes)('rouge, %s', (mode) => {
  const options = { stemmer: mode === 'stemmer' };

  test('every pair scores as in rouge_score', () => {
    expect(golden.pairs.length).toBeGreaterThan(0);
    for (const pair of golden.pairs) {
      expectScores(rouge(pair.reference, pair.prediction, options), pair[mode]);
    }
  });

  test('of several references each type takes the one with its best F', () => {
    expect(golden.multi_reference.length).toBeGreaterThan(0);
    for (const { references, prediction, ...scores } of golden.multi_reference) {
      expectScores(rouge(references, prediction, options), scores[mode]);
    }
  });

  test('the mean of F over all pairs is the golden plain mean', () => {
    const all = golden.pairs.map((pair) => rouge(pair.reference, pair.prediction, options));
    for (const type of rougeTypes) {
      const mean = all.reduce((sum, scores) => sum + scores[type].f, 0) / all.length;
      expect([mean]).toBeAllClose([golden.aggregate[mode].plain_mean[type]], close);
    }
  });

  test('texts split into the golden tokens', () => {
    for (const { text, ...tokens } of golden.tokenize) {
      expect(rougeTokens(text, options)).toEqual(tokens[mode]);
    }
  });
});

test('every golden word has the stem that nltk gives it', () => {
  const words = Object.entries(golden.stems);
  expect(words.length).toBeGreaterThan(0);
  // The file holds rouge_score's tokens: words of 3 characters and less stay as they are.
  for (const [word, stem] of words) expect(rougeTokens(word, { stemmer: true })).toEqual([stem]);
});

// The examples of Porter's paper, and nltk's extensions where they differ from it.
test.each([
  ['caresses', 'caress'],
  ['ponies', 'poni'],
  ['ties', 'tie'],
  ['feed', 'feed'],
  ['plastered', 'plaster'],
  ['motoring', 'motor'],
  ['conflated', 'conflat'],
  ['troubled', 'troubl'],
  ['hopping', 'hop'],
  ['falling', 'fall'],
  ['hissing', 'hiss'],
  ['failing', 'fail'],
  ['filing', 'file'],
  ['happy', 'happi'],
  ['enjoy', 'enjoy'],
  ['relational', 'relat'],
  ['conditional', 'condit'],
  ['vietnamization', 'vietnam'],
  ['radically', 'radic'],
  ['hopefully', 'hope'],
  ['geology', 'geolog'],
  ['sensibility', 'sensibl'],
  ['triplicate', 'triplic'],
  ['electriciti', 'electr'],
  ['adjustment', 'adjust'],
  ['adoption', 'adopt'],
  ['homologous', 'homolog'],
  ['probate', 'probat'],
  ['cease', 'ceas'],
  ['controlling', 'control'],
  ['skies', 'sky'],
  ['innings', 'inning'],
  ['succeed', 'succeed'],
  ['died', 'die'],
  ['spied', 'spi'],
])('the stem of %s is %s', (word, stem) => {
  expect(porterStem(word)).toBe(stem);
});

test('a text scores 1 against itself and 0 against nothing', () => {
  const text = 'The bus is late.\nThey walk home.';
  for (const type of rougeTypes) {
    expect(rouge(text, text)[type].f).toBe(1);
    expect(rouge(text, '')[type]).toEqual({ precision: 0, recall: 0, f: 0 });
    expect(rouge('', text)[type]).toEqual({ precision: 0, recall: 0, f: 0 });
  }
});

test('precision and recall change places when reference and prediction do', () => {
  const [a, b] = ['The bus is late again today', 'Today the bus is early'];
  for (const type of rougeTypes) {
    expect(rouge(a, b)[type].precision).toBe(rouge(b, a)[type].recall);
  }
});

test('no reference at all is an error', () => {
  expect(() => rouge([], 'a')).toThrow('rouge: expected one reference or more, got none.');
});

/** Percentile as numpy's `percentile` interpolates it. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = share * (values.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, values.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

test.each(modes)(
  "rouge_score's aggregate, %s: of a thousand means of numpy's draws the median and both ends",
  (mode) => {
    const all = golden.pairs.map(({ reference, prediction }) =>
      rouge(reference, prediction, { stemmer: mode === 'stemmer' }),
    );
    const { low_mid_high: ends, bootstrap_mid_seed0: middles } = golden.aggregate[mode];
    const random = numpyRandom(0); // one stream for all types, in their order
    for (const type of rougeTypes) {
      const samples = Array.from({ length: 1000 }, () =>
        all.map(() => all[random.choice(0, all.length)][type]),
      );
      for (const [part, name] of (['precision', 'recall', 'f'] as const).entries()) {
        const means = samples.map((drawn) => mean(drawn.map((score) => score[name])));
        const found = [0.025, 0.5, 0.975].map((share) => percentile(means, share));
        expect(found).toBeAllClose(
          ends[type].map((row) => row[part]),
          close,
        );
      }
      // evaluate draws by a seed of its own: as near as two such medians are
      expect(mean(all.map(({ [type]: { f } }) => f))).toBeCloseTo(middles[type], 2);
    }
  },
);

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
