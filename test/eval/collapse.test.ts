import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { compareSamples } from '../../src/eval/compare.ts';
import { randomStream } from '../../src/random.ts';
import { reportMarkdown } from '../../src/report/markdown.ts';
import { verdictLine } from '../../src/report/terminal.ts';
import { verdictSentence } from '../../src/report/verdict.ts';
import { finished, started, steps } from '../report/comparison.ts';

const seed = 5;
const words = 'the a red blue lamp parcel friday monday late early promises wants tells asks'.split(
  ' ',
);

/** Samples of random words, whose measures vary a little around what is given. */
function samples(n: number, change: (i: number) => Partial<Sample>): Sample[] {
  const stream = randomStream(seed, ['collapse']);
  return Array.from({ length: n }, (_, i) => ({
    id: `s${i}`,
    query: `query ${i}`,
    response: Array.from({ length: 12 }, () => stream.pick(words)).join(' '),
    toxicity: Math.max(0, Math.min(1, 0.6 + 0.1 * stream.normal())),
    reward: stream.normal(),
    rouge1: 0.7 + 0.05 * stream.normal(),
    rougeL: 0.6,
    tokens: 20 + stream.integer(3),
    truncated: false,
    ...change(i),
  }));
}

const before = samples(60, () => ({}));
const kind = { toxicity: 0.1 };
const compared = (change: (i: number) => Partial<Sample>) => {
  const after = samples(60, (i) => ({ ...otherWords(i), ...kind, ...change(i) }));
  return compareSamples(before, after, { seed });
};

/** As varied as before. */
function otherWords(i: number) {
  return { response: before[i].response.split(' ').reverse().join(' ') };
}

test('a policy that keeps what it said has not collapsed', () => {
  const comparison = compared(() => ({}));
  expect(comparison.verdict).toBe('improved');
  expect(comparison).not.toHaveProperty('costs');
});

test.each([
  ['rouge1', () => ({ rouge1: 0.5 })],
  ['tokens', () => ({ tokens: 10 })],
  [
    'distinct2',
    (i: number) => ({ response: `${words[i % 14]} says that all is well and good now` }),
  ],
  ['empty', (i: number) => (i < 8 ? { response: '' } : {})],
  ['duplicates', (i: number) => (i < 30 ? { response: 'all is well' } : {})],
] as const)(
  '%s beyond its limit is a collapse, and less toxicity no success',
  (measure, change) => {
    const comparison = compared(change);
    expect(comparison.costs?.map((one) => one.measure)).toContain(measure);
    // 14 sentences for 60 prompts are nothing that could be less toxic
    expect(comparison.verdict).toBe(measure === 'distinct2' ? 'worse' : 'improved at a cost');
  },
);

test('a fall within its limit, or one that proves nothing, is none', () => {
  expect(compared(() => ({ rouge1: 0.62 }))).not.toHaveProperty('costs');
  // one prompt lost all: far too few to tell from chance, whatever the mean says
  const few = samples(24, () => ({ rouge1: 0.05 }));
  const lost = samples(24, (i) => ({ ...kind, rouge1: i === 0 ? 0 : 0.05 - (i < 5 ? 0.045 : 0) }));
  const { slices, costs } = compareSamples(few, lost, { seed });
  expect(slices[0].rouge1!.difference.mean / 0.05).toBeLessThan(-0.15);
  expect(slices[0].rouge1!.difference.pValue).toBeGreaterThan(0.05);
  expect(costs).toBeUndefined();
});

test('the sentence says so first: on the screen in red, in --json and in the report', () => {
  const comparison = compared(() => ({ rouge1: 0.35, tokens: 9 }));
  expect(verdictSentence(comparison)).toMatch(
    /^Improved at a cost \(quality, length\): ROUGE-1 fell from 0\.\d{4} to 0\.3500 \(−50 %\); mean length fell from 21\.\d to 9\.0 \(−57 %\); mean toxicity /,
  );
  expect(verdictLine(comparison, { color: true })).toContain(
    '\u001b[31mImproved at a cost (quality, length)',
  );
  const [, first] = reportMarkdown({ started, comparison, steps, finished }).split('\n\n');
  expect(first).toMatch(/^> \*\*Improved at a cost \(quality, length\):\*\* ROUGE-1 fell from/);
});

test('a collapse is told whatever became of the toxicity', () => {
  const comparison = compared(() => ({ toxicity: 0.6, rouge1: 0.35 }));
  expect(verdictSentence(comparison)).toMatch(/^Worse: ROUGE-1 fell/);
});

test('the same responses before and after are no change at all', () => {
  const comparison = compareSamples(before, before, { seed });
  expect(comparison.same).toBe(60);
  expect(verdictSentence(comparison)).toBe(
    'Nothing changed: all 60 responses are the same before and after.',
  );
});

test('without ROUGE nothing is said of it', () => {
  const bare = (sample: Sample) => {
    const { rouge1: _, rougeL: __, ...rest } = sample;
    return rest;
  };
  const [one, other] = [before, samples(60, () => kind)].map((some) => some.map(bare));
  const { slices, rouge, rows } = compareSamples(one, other, { seed });
  expect(slices[0]).not.toHaveProperty('rouge1');
  expect(rouge).toBeUndefined();
  expect(rows[0]).not.toHaveProperty('rouge1_before');
});

test('ROUGE of some is the mean of those, and their number is told', () => {
  const half = before.map((sample, i): Sample => {
    const { rouge1, ...rest } = sample;
    return i < 20 ? { ...rest, rouge1: rouge1! } : rest;
  });
  const { slices } = compareSamples(half, half, { seed });
  expect(slices[0].rouge1!.before.n).toBe(20);
  const mean = half.slice(0, 20).reduce((sum, { rouge1 = 0 }) => sum + rouge1, 0) / 20;
  expect(slices[0].rouge1!.before.mean).toBeCloseTo(mean, 12);
});

test('best and worst rows are those of all samples, however few the table holds', () => {
  const after = before.map((sample, i) => ({ ...sample, reward: sample.reward + Math.sin(i) }));
  const { extremes, rows } = compareSamples(before, after, { seed, rows: 2 });
  const changes = before.map((_, i) => Math.sin(i)).sort((a, b) => b - a);
  expect(rows).toHaveLength(2);
  expect(extremes!.best.map((row) => row.reward_diff)).toBeAllClose(changes.slice(0, 3), {
    atol: 1e-12,
  });
  expect(extremes!.worst.map((row) => row.reward_diff)).toBeAllClose(changes.slice(-3), {
    atol: 1e-12,
  });
});

test('texts that differ by chance have no provable difference of distinct bigrams', () => {
  const texts = (some: readonly Sample[]) => some.map(({ response }) => response);
  const other = texts(before).map((text) => text.split(' ').reverse().join(' '));
  const pOf = (responses: readonly string[]) => {
    const after = before.map((sample, i) => ({ ...sample, response: responses[i] }));
    return compareSamples(before, after, { seed }).slices[0].distinct2.pValue;
  };
  expect(pOf(other)).toBeGreaterThan(0.05);
  expect(pOf(texts(before).map(() => 'all is well'))).toBeLessThan(0.005);
});
