import { expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { mergeRepeats } from '../../../src/data/merge.ts';
import { compareSamples } from '../../../src/eval/compare.ts';
import { rouge } from '../../../src/eval/rouge.ts';
import { pairedDifference } from '../../../src/eval/statistics.ts';
import { randomStream } from '../../../src/random.ts';

const seed = 3;
const stream = randomStream(seed, ['prompts']);

function sample(i: number, change: Partial<Sample> = {}): Sample {
  return {
    id: `s${i}`,
    query: `query ${i}`,
    response: `response ${i}`,
    toxicity: stream.next(),
    reward: stream.normal(),
    tokens: 10,
    truncated: false,
    ...change,
  };
}

const many = (n: number, change: (i: number) => Partial<Sample> = () => ({})) =>
  Array.from({ length: n }, (_, i) => sample(i, change(i)));

/** Each row `times` times, as rows of ids of their own. */
function repeated(samples: readonly Sample[], times: number): Sample[] {
  return samples.flatMap((one) =>
    Array.from({ length: times }, (_, k) => ({ ...one, id: `${one.id}.${k}` })),
  );
}

test('three rows with one dialogue are one prompt: n, interval and p-value are those of one row', () => {
  const [before, after] = [many(40), many(40)];
  const single = compareSamples(before, after, { seed });
  const tripled = compareSamples(repeated(before, 3), repeated(after, 3), { seed });
  expect(tripled.slices[0].n).toBe(40);
  for (const name of ['toxicity', 'flagged', 'reward', 'tokens', 'empty'] as const) {
    const [one, three] = [single, tripled].map(({ slices }) => slices[0][name]!);
    expect(three.before).toEqual(one.before);
    const { low, high, ...rest } = three.difference;
    // (x + x + x) / 3 is x but for the last bit
    expect([low, high]).toBeAllClose([one.difference.low, one.difference.high], { atol: 1e-12 });
    expect(rest.n).toBe(one.difference.n);
    expect(rest.pValue).toBe(one.difference.pValue);
  }
  expect(tripled.verdict).toBe(single.verdict);
});

test('rows of the data with one dialogue are merged before anything is measured, references together', () => {
  const rows = ['a b c d', 'e f g h', 'a b x y'].map((summary, k) => ({
    id: `r${k}`,
    dialogue: `Tom: hello.${' '.repeat(k)}`,
    summary,
    summaries: [summary],
  }));
  const { examples } = mergeRepeats(rows as never, 'test.csv');
  expect(examples).toHaveLength(1);
  const { summaries } = examples[0];
  expect(summaries).toEqual(['a b c d', 'e f g h', 'a b x y']);
  expect(rouge(summaries, 'e f g h').rouge1.f).toBe(1);
});

test('several samples of a prompt count by their mean, and the largest toxicity is one of them', () => {
  const of = (toxicities: readonly number[][]) =>
    toxicities.flatMap((some, i) =>
      some.map((toxicity, k) => sample(i, { toxicity, sample: k, response: `${i} ${k}` })),
    );
  const [before, after] = [of([[0.2, 0.6], [1, 0]]), of([[0.1, 0.1], [0.5, 0.3]])]; // biome-ignore format: rows
  const { toxicity, maxToxicity, n } = compareSamples(before, after, { seed }).slices[0];
  expect(n).toBe(2);
  expect(toxicity.before.mean).toBeCloseTo(0.45, 12);
  expect(toxicity.after.mean).toBeCloseTo(0.25, 12);
  expect(toxicity.before.n).toBe(2);
  expect(maxToxicity?.before.mean).toBeCloseTo(0.8, 12);
  expect(maxToxicity?.after.mean).toBeCloseTo(0.3, 12);
});

test('with one sample a prompt there is no largest one', () => {
  expect(compareSamples(many(5), many(5), { seed }).slices[0]).not.toHaveProperty('maxToxicity');
});

test('pairs of a cluster count by their mean', () => {
  const [before, after] = [
    [1, 2, 3, 4, 5],
    [2, 2, 5, 1, 9],
  ];
  const clusters = ['a', 'b', 'a', 'c', 'b'];
  // a: (1 + 3) / 2 -> (2 + 5) / 2, b: (2 + 5) / 2 -> (2 + 9) / 2, c: 4 -> 1
  expect(pairedDifference(before, after, { seed, clusters })).toEqual(
    pairedDifference([2, 3.5, 4], [3.5, 5.5, 1], { seed }),
  );
});

test('measures that a sample may lack are those of the prompts that have them on both sides', () => {
  const before = many(6, (i) => ({ ...(i < 4 && { copied: 0.5 }), judges: { words: i % 2 } }));
  const after = many(6, (i) => ({ ...(i > 0 && { copied: 0.25 }), judges: { words: 0 } }));
  const [all] = compareSamples(before, after, { seed }).slices;
  expect(all.copied?.before).toEqual({ n: 3, mean: 0.5, std: 0 });
  expect(all.copied?.difference).toMatchObject({ n: 3, mean: -0.25 });
  expect(all.judges?.words.difference).toMatchObject({ n: 6, mean: -0.5 });
  expect(all).not.toHaveProperty('perplexity');
});

test('perplexity and KL are those of a response, of its own log-probabilities', () => {
  const own = { tokens: 4, logprob: -2, refLogprob: -4 };
  const other = { tokens: 4, logprob: -1, refLogprob: -8 };
  const [all] = compareSamples([sample(0, own)], [sample(0, other)], { seed }).slices;
  expect(all.perplexity?.before.mean).toBeCloseTo(Math.E, 12);
  expect(all.perplexity?.after.mean).toBeCloseTo(Math.E ** 2, 12);
  expect(all.kl?.difference.mean).toBe(5);
});

test('prompts whose references are in another script are counted, not scored 0', () => {
  const before = many(4, (i) => (i < 3 ? {} : { rouge1: 0.5 }));
  const references = [['안녕하세요'], [], ['안녕'], ['hello']];
  const { unreadable, slices } = compareSamples(before, before, { seed, references });
  expect(unreadable).toBe(2);
  expect(slices[0].rouge1?.before).toEqual({ n: 1, mean: 0.5, std: 0 });
});

test('the top decile is chosen by the first judge before training that tells a tenth apart', () => {
  const before = many(300, (i) => ({ toxicity: i / 300, judges: { words: 0, other: i % 100 } }));
  const { slices } = compareSamples(before, many(300), { seed });
  const decile = slices.find(({ by }) => by === 'judge');
  expect(decile).toMatchObject({
    name: 'top decile',
    n: 30,
    range: { of: 'other', from: 90, to: 99 },
  });
  const bare = before.map(({ judges: _, ...rest }) => rest);
  const byToxicity = compareSamples(bare, bare, { seed }).slices.find(({ by }) => by === 'judge');
  expect(byToxicity).toMatchObject({ n: 30, range: { of: 'toxicity', from: 0.9 } });
});

test('thirds are by the length of the prompt; below twenty prompts there is no such part', () => {
  const long = (n: number) => many(n, (i) => ({ query: `${i}`.padStart(10 + i, ' ') }));
  const parts = (n: number) =>
    compareSamples(long(n), long(n), { seed }).slices.filter(({ by }) => by === 'length');
  expect(parts(60).map(({ name, n, range }) => [name, n, range?.from, range?.to])).toEqual([
    ['short', 20, 10, 29],
    ['middle', 20, 30, 49],
    ['long', 20, 50, 69],
  ]);
  expect(parts(59)).toEqual([]);
  const equal = many(90, (i) => ({ query: `${1000 + i}` }));
  expect(compareSamples(equal, equal, { seed }).slices).toHaveLength(1);
});

test('the seed and what was drawn stand in the comparison', () => {
  const { statistics } = compareSamples(many(3), many(3), { seed: 11, resamples: 500, level: 0.9 });
  expect(statistics).toEqual({ seed: 11, level: 0.9, resamples: 500, exchanges: 1000 });
});
