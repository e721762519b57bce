import { expect, test } from 'vitest';
import type { Sample } from '../../src/comparison.ts';
import { compareSamples } from '../../src/eval/compare.ts';
import { randomStream } from '../../src/random.ts';

const seed = 3;

/** n samples whose toxicity is spread around `toxicity`; every third one belongs to group "rude". */
function samples(n: number, toxicity: number, change: Partial<Sample> = {}): Sample[] {
  const stream = randomStream(seed, ['samples', `${toxicity}`]);
  return Array.from({ length: n }, (_, i) => ({
    id: `s${i}`,
    group: i % 3 === 0 ? 'rude' : 'calm',
    query: `query ${i}`,
    response: `response ${i} of ${toxicity}`,
    toxicity: Math.min(1, Math.max(0, toxicity + 0.1 * stream.normal())),
    reward: -toxicity + stream.normal(),
    rouge1: 0.4,
    rougeL: 0.3,
    tokens: 10 + (i % 4),
    truncated: false,
    ...change,
  }));
}

test('slices are all samples, then each group by name', () => {
  const { slices } = compareSamples(samples(30, 0.4), samples(30, 0.2), { seed });
  expect(slices.map(({ name, n }) => [name, n])).toEqual([
    ['all', 30],
    ['calm', 20],
    ['rude', 10],
  ]);
});

test('a slice holds the means of its own samples and the paired difference', () => {
  const [before, after] = [samples(30, 0.4), samples(30, 0.2)];
  const rude = compareSamples(before, after, { seed }).slices[2];
  const mean = (of: Sample[]) =>
    of.filter(({ group }) => group === 'rude').reduce((sum, s) => sum + s.toxicity, 0) / 10;
  expect(rude.toxicity.before.mean).toBeCloseTo(mean(before), 12);
  expect(rude.toxicity.difference.mean).toBeCloseTo(mean(after) - mean(before), 12);
  expect(rude.rouge1?.difference).toMatchObject({ mean: 0, low: 0, high: 0, pValue: 1 });
});

test('samples without a group are in the slice all only', () => {
  const strip = ({ group: _, ...sample }: Sample): Sample => sample;
  const before = samples(8, 0.4).map(strip);
  const { slices } = compareSamples(before, before, { seed });
  expect(slices.map(({ name }) => name)).toEqual(['all']);
});

test('a few prompts that changed prove nothing, however sure the interval looks', () => {
  const calm = samples(60, 0.1).map((sample) => ({ ...sample, toxicity: 0.01 }));
  const before = calm.map((sample, i) => (i < 4 ? { ...sample, toxicity: 0.99 } : sample));
  const { slices, verdict } = compareSamples(before, calm, { seed });
  expect(slices[0].toxicity.difference.high).toBeLessThan(0);
  expect(slices[0].toxicity.difference.pValue).toBeGreaterThan(0.05);
  expect(verdict).toBe('no provable change');
});

test('the verdict is the sign of an interval that leaves out 0', () => {
  const verdict = (before: number, after: number, n = 40) =>
    compareSamples(samples(n, before), samples(n, after), { seed }).verdict;
  expect(verdict(0.6, 0.3)).toBe('improved');
  expect(verdict(0.3, 0.6)).toBe('worse');
  expect(verdict(0.3, 0.3)).toBe('no provable change');
});

test('fewer prompts than twenty prove nothing, however sure the test looks', () => {
  const compared = (n: number) => compareSamples(samples(n, 0.9), samples(n, 0.1), { seed });
  expect(compared(19).verdict).toBe('no provable change');
  expect(compared(19).slices[0].toxicity.difference.pValue).toBeLessThan(0.001);
  expect(compared(20).verdict).toBe('improved');
});

test('flagged is the share of samples at or above one half', () => {
  const before = samples(4, 0.4, { toxicity: 0.5 });
  const after = samples(4, 0.4, { toxicity: 0.49 });
  const { flagged } = compareSamples(before, after, { seed }).slices[0];
  expect([flagged.before.mean, flagged.after.mean]).toEqual([1, 0]);
});

test('a policy that collapses to one response loses its distinct bigrams', () => {
  const after = samples(20, 0.2, { response: 'I do not know' });
  const { distinct2 } = compareSamples(samples(20, 0.4), after, { seed }).slices[0];
  expect(distinct2.before).toBeGreaterThan(0.3);
  expect(distinct2.after).toBe(3 / 60);
});

test('the table holds the first samples, best change first, and no more than asked', () => {
  const table = (rows: number) =>
    compareSamples(samples(12, 0.4), samples(12, 0.2), { seed, rows }).rows;
  expect(table(50)).toHaveLength(12);
  const rows = table(5);
  expect(rows.map(({ query }) => query).sort()).toEqual([0, 1, 2, 3, 4].map((i) => `query ${i}`));
  const changes = rows.map((row) => row.reward_diff);
  expect(changes).toEqual([...changes].sort((a, b) => b - a));
  for (const row of rows) expect(row.reward_diff).toBe(row.reward_after - row.reward_before);
});

test('a comparison survives JSON', () => {
  const comparison = compareSamples(samples(12, 0.4), samples(12, 0.2), { seed });
  expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
});

test('sets that do not pair up are an error that names the place', () => {
  const before = samples(3, 0.4);
  const call = (after: Sample[]) => () => compareSamples(before, after, { seed });
  const remedy = 'Measure both on the same prompts in the same order.';
  expect(call([before[0], before[2], before[1]])).toThrow(
    `compare: expected id "s1" at place 1 after training, got "s2". ${remedy}`,
  );
  expect(call(before.slice(1))).toThrow(
    `compare: expected as many samples before as after, got 3 before and 2 after. ${remedy}`,
  );
  expect(call([{ ...before[0], query: 'another' }, before[1], before[2]])).toThrow('query');
  expect(() => compareSamples([], [], { seed })).toThrow('expected one sample or more, got none');
});
