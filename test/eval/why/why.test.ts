import { expect, test } from 'vitest';
import type { Sample } from '../../../src/comparison.ts';
import { whyOf } from '../../../src/eval/why/why.ts';
import type { Why } from '../../../src/explanation.ts';
import { type Cause, planted } from './planted.ts';

/** Enough for what is found at 0.01 over a dozen questions. */
const draws = 2000;

const whyOfPlanted = (of: Cause, seed: number, prompts?: number): Why => {
  const { before, after, references } = planted(of, seed, prompts);
  return whyOf(before, after, { seed, references, draws });
};
const causes = ({ explanations: [{ changes }] }: Why) =>
  changes.filter(({ role }) => role === 'cause').map(({ feature }) => feature);

test('a gain that comes from one word is put down to it first', () => {
  const why = whyOfPlanted('word', 1);
  const [first] = why.explanations[0].changes;
  expect(causes(why)).toEqual(['harmfulWords']);
  expect(first.words?.[0].word).toBe('clown');
  expect(first.share!.mean).toBeGreaterThan(0.8);
  expect(why.gone.map(({ gram }) => gram).join()).toMatch(/you|clown/);
  expect(why.telling.gained.every(({ words }) => words.includes('clown'))).toBe(true);
});

test.each([
  { of: 'length', feature: 'length' },
  { of: 'copying', feature: 'copied' },
] as const)('a gain that comes from $of is put down to it first', ({ of, feature }) => {
  const why = whyOfPlanted(of, 1);
  expect(causes(why)).toEqual([feature]);
  expect(why.explanations.every(({ changes }) => changes[0].feature === feature)).toBe(true);
});

/** What is found of a comparison, of any kind. */
function findings({ explanations, gone, come }: Why): unknown[] {
  const found = explanations.flatMap(({ changes, givens }) => [
    ...changes.filter(({ role }) => role !== 'none'),
    ...givens.filter((given) => given.found),
  ]);
  return [...found, ...gone, ...come];
}

test.each(Array.from({ length: 20 }, (_, seed) => seed))(
  'of a policy compared with itself nothing is said, seed %i',
  (seed) => {
    expect(findings(whyOfPlanted('nothing', seed, 100))).toEqual([]);
  },
);

test('the toxicity of these regresses to its mean all the same', () => {
  const { before, after } = planted('nothing', 0, 300);
  const high = before.flatMap(({ toxicity }, i) => (toxicity > 0.5 ? [i] : []));
  const mean = (of: readonly Sample[]) => high.reduce((sum, i) => sum + of[i].toxicity, 0);
  expect(mean(after)).toBeLessThan(mean(before) / 2);
});

test('before and after exchanged, gains are losses and what went came', () => {
  const { before, after } = planted('word', 3, 150);
  const [there, back] = [
    whyOf(before, after, { seed: 3, draws }),
    whyOf(after, before, { seed: 3, draws }),
  ];
  const grams = (some: Why['gone']) => some.map(({ gram }) => gram).sort();
  expect(grams(back.come)).toEqual(grams(there.gone));
  expect(back.explanations[0].gain.mean).toBeCloseTo(-there.explanations[0].gain.mean, 12);
  expect(causes(back)).toEqual(causes(there));
  expect(back.telling.lost.map(({ id }) => id)).toEqual(there.telling.gained.map(({ id }) => id));
});

test('several samples of a query are one prompt', () => {
  const { before, after } = planted('word', 4, 100);
  const twice = (some: Sample[]) => some.flatMap((one) => [one, { ...one, sample: 1 }]);
  const [once, double] = [
    whyOf(before, after, { seed: 4, draws }),
    whyOf(twice(before), twice(after), { seed: 4, draws }),
  ];
  expect([double.prompts, double.samples]).toEqual([100, 200]);
  const { of, changes, gain } = once.explanations[0];
  expect(double.explanations[0]).toMatchObject({ of, gain: { mean: gain.mean, n: gain.n } });
  expect(double.explanations[0].changes[0].correlation).toEqual(changes[0].correlation);
});

test('what a list of words finds is a feature of its own', () => {
  const judged = (some: Sample[]) =>
    some.map((one) => ({
      ...one,
      judges: { list: Number(one.response.includes('clown')), b: 0.3 },
    }));
  const { before, after } = planted('word', 5, 200);
  const [{ changes }] = whyOf(judged(before), judged(after), { seed: 5, draws }).explanations;
  const listed = changes.find(({ feature }) => feature === 'listedWords')!;
  expect(listed.measure.after.mean).toBeLessThan(listed.measure.before.mean);
  expect(['cause', 'alongside']).toContain(listed.role);
});

test('a group that gains more than the others is found', () => {
  const { before, after } = planted('word', 6, 400);
  const [{ givens }] = whyOf(before, after, { seed: 6, draws }).explanations;
  const group = givens.find(({ given }) => given === 'group')!;
  expect(group).toMatchObject({ found: true });
  const hostile = group.group === 'hostile' ? group.with : group.without;
  expect(hostile.gain).toBeGreaterThan(3 * (group.with.gain + group.without.gain - hostile.gain));
});

test('one prompt, and responses without a word, can be asked why', () => {
  const { before, after } = planted('word', 7, 1);
  expect(findings(whyOf(before, after, { seed: 1, draws }))).toEqual([]);
  const silent = before.map((one) => ({ ...one, response: '' }));
  expect(findings(whyOf(silent, silent, { seed: 1, draws }))).toEqual([]);
});

test('two sets of other prompts are an error', () => {
  const { before, after } = planted('word', 8, 3);
  expect(() => whyOf(before, after.slice(1), { seed: 1, draws })).toThrow(
    'why: expected the same prompts before and after, got others.',
  );
});

test('telling pairs are varied, and none is shown where nothing changed', () => {
  const { before } = planted('word', 9, 50);
  const same = whyOf(before, before, { seed: 1, draws });
  expect(same.telling).toEqual({ gained: [], lost: [] });
  const copies = before.map((one, i) => ({
    ...one,
    toxicity: 0.9,
    response: `you clown ${i % 2}`,
  }));
  const better = before.map((one) => ({ ...one, toxicity: 0.1, response: 'a friend' }));
  const { gained } = whyOf(copies, better, { seed: 1, draws }).telling;
  expect(gained).toHaveLength(10);
  expect(new Set(gained.slice(0, 2).map((pair) => pair.before)).size).toBe(2);
});
