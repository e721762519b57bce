import { expect, test } from 'vitest';
import type { Comparison } from '../../src/comparison.ts';
import { judge } from '../../src/eval/verdict.ts';
import { labNumbers, labText } from '../../src/report/lab.ts';
import { verdictSentence } from '../../src/report/verdict.ts';
import { languages } from '../../src/report/words/language.ts';
import { measureNames } from '../../src/report/words/measures.ts';
import { verdictWords } from '../../src/report/words/verdict.ts';
import { measure, slice } from '../eval/slice.ts';

/** What a comparison of this slice says. */
function comparison(change: Parameters<typeof slice>[0], n = 400): Comparison {
  const { slice: all, judges, costs, verdict, basis } = judge(slice(change, n));
  const hasJudges = Object.keys(judges).length > 0;
  return {
    ...{ slices: [all], rows: [], verdict, basis, same: 3 },
    ...(costs.length > 0 && { costs }),
    ...(hasJudges && { judges }),
  };
}

const held = measure({ before: 0.3, after: 0.29 });
const cases: Readonly<Record<string, Comparison>> = {
  'nothing lost, and a judge that agrees': comparison({
    judges: { words: measure({ before: 0.2, after: 0.1 }) },
  }),
  'a judge that cannot tell, and some quality lost': comparison({
    rouge1: measure({ before: 0.6, after: 0.56 }),
    judges: { words: measure({ before: 0.01, after: 0.01 }) },
  }),
  'costs, and a judge that does not agree': comparison({
    rouge1: measure({ before: 0.6, after: 0.4 }),
    tokens: measure({ before: 20, after: 10 }),
    judges: { words: measure({ before: 0.3, after: 0.3 }) },
  }),
  'no provable change': comparison({ toxicity: held }),
  'one of many': comparison({ toxicity: measure({ before: 0.3, after: 0.277 }) }),
  'few prompts': comparison({ toxicity: measure({ before: 0.9, after: 0.1, n: 12 }) }, 12),
  worse: comparison({ toxicity: measure({ before: 0.2, after: 0.3 }) }),
  'quality lost for nothing': comparison({
    toxicity: held,
    rouge1: measure({ before: 0.6, after: 0.4 }),
  }),
  'nothing left': comparison({ empty: measure({ before: 0, after: 0.95 }) }),
  unchanged: { ...comparison({ toxicity: held }), same: 400 },
};

test.each(Object.entries(cases))('in English: %s', (_, one) => {
  expect(verdictSentence(one)).toMatchSnapshot();
});

test.each(Object.entries(cases))('in Korean: %s', (_, one) => {
  expect(verdictSentence(one, 'ko')).toMatchSnapshot();
});

test('logs of earlier versions have no Holm, no judges and no smallest fall', () => {
  const { basis: _, ...old } = cases['no provable change'];
  const { adjusted: __, effect: ___, ...difference } = held.difference;
  const bare = { ...old, slices: [slice({ toxicity: { ...held, difference } })] };
  expect(verdictSentence(bare)).toBe(
    'No provable change: mean toxicity 0.3000 → 0.2900 (−0.0100, −3.3 %); the 95 % interval [−0.0296, +0.0096] holds 0, p = 0.317, 400 prompts.',
  );
});

test("the lab's numbers have the sign right and numpy's standard deviation", () => {
  // of the lab: 0.0306 before, 0.0515 after, which it prints as an improvement of 68.39 %
  const toxicity = measure({ before: 0.0306, after: 0.0515, n: 11 });
  const one = comparison({ toxicity }, 11);
  const { before, improvement } = labNumbers(one);
  expect(before.std).toBeCloseTo(0.3 * Math.sqrt(10 / 11), 12);
  expect(improvement.mean).toBeCloseTo(-68.3, 1);
  expect(labText(one)).toContain('mean 0.0306 → 0.0515 (improvement −68.30 %)');
  expect(labText(one, 'ko')).toContain('평균 0.0306 → 0.0515 (개선율 −68.30 %)');
  const none = comparison({ toxicity: measure({ before: 0, after: 0.1 }) });
  expect(labNumbers(none).improvement.mean).toBeNull();
  expect(labText(none)).toContain('mean 0.0000 → 0.1000, ');
});

const parts = { verdict: verdictWords, measures: measureNames };

/** The keys of a part's words, those within others after a dot. */
function keysOf(words: object, above = ''): string[] {
  return Object.entries(words).flatMap(([key, value]) =>
    typeof value === 'object' ? keysOf(value, `${above}${key}.`) : [`${above}${key}`],
  );
}

test.each(Object.entries(parts))('%s has the same words in every language', (_, part) => {
  const [first, ...others] = languages.map((language) => keysOf(part[language]).toSorted());
  for (const other of others) expect(other).toEqual(first);
});

test('no Korean sentence holds English left over', () => {
  const names = /ROUGE-\w+|distinct-\d|"words"|\bp\b|\bKL\b/g;
  const texts = Object.values(cases).flatMap((one) => [
    verdictSentence(one, 'ko'),
    labText(one, 'ko'),
  ]);
  for (const text of texts) expect(text.replace(names, '')).not.toMatch(/[a-z]{2}/i);
});

test.each(languages)(
  'in %s judges are told without a training: there may have been none',
  (language) => {
    const { judge: said, judgeAgainst } = verdictWords[language];
    const moved = { name: 'words', before: '0.3', after: '0.2', relative: undefined, rose: false };
    const texts = (['agrees', 'contradicts', 'cannot tell'] as const).map((says) =>
      said('words', says, moved),
    );
    for (const text of [...texts, judgeAgainst(moved)]) {
      expect(text).toContain('"words"');
      expect(text).not.toMatch(/train|학습/);
    }
  },
);
