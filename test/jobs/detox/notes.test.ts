import { expect, test } from 'vitest';
import { usualPrompt } from '../../../src/data/prompt.ts';
import { sentinelsIn } from '../../../src/eval/evaluate.ts';
import {
  ofAnswers,
  ofCutPrompts,
  ofRouge,
  ofSampler,
  ofTraining,
  ofUnknownTokens,
  readingOf,
} from '../../../src/jobs/detox/notes.ts';
import { encodeCut } from '../../../src/jobs/detox/prompts.ts';
import { GenerationConfig } from '../../../src/model/sampling.ts';

const settings = { maxQueryTokens: 512, promptTemplate: usualPrompt };

test('cut prompts are counted, and what stands at their end is named', () => {
  expect(ofCutPrompts([100, 512], settings)).toBeUndefined();
  expect(ofCutPrompts([100, 700, 900, 20], settings)).toEqual({
    says: '2 of 4 prompts (50.0 %) are cut at 512 tokens (the longest has 900): their end is lost, and "Summary:" with it.',
    remedy: 'Use `maxQueryTokens` 900, or a smaller `maximumLength`.',
  });
  const bare = { maxQueryTokens: 512, promptTemplate: 'Summarize: {dialogue}' };
  expect(ofCutPrompts([600], bare)?.says).toMatch(/: their end is lost\.$/);
});

test('one cut prompt of a hundred is not worth a word', () => {
  expect(ofCutPrompts([600, ...Array(99).fill(10)], settings)).toBeUndefined();
  expect(ofCutPrompts([600, ...Array(98).fill(10)], settings)).toBeDefined();
});

test('only texts that are cut are measured once more', async () => {
  const asked: string[][] = [];
  const encodeBatch = async (texts: readonly string[], { maxLength = Infinity } = {}) => {
    asked.push([...texts]);
    return texts.map((text) => [...text].map((_, i) => i).slice(0, maxLength));
  };
  const { rows, lengths } = await encodeCut({ encodeBatch }, ['abc', 'abcde', 'ab'], 3);
  expect(rows.map(({ length }) => length)).toEqual([3, 3, 2]);
  expect(lengths).toEqual([3, 5, 2]);
  expect(asked).toEqual([
    ['abc', 'abcde', 'ab'],
    ['abc', 'abcde'],
  ]);
});

test('unknown tokens are told with their share and how many a text has', () => {
  const fine = readingOf([[5, 6, 7, 1]], 2);
  const bad = readingOf(
    [
      [2, 5, 2, 1],
      [2, 1],
    ],
    2,
  );
  expect(bad).toEqual({ texts: 2, tokens: 6, unknown: 3 });
  expect(ofUnknownTokens({ prompts: fine, summaries: fine })).toBeUndefined();
  expect(ofUnknownTokens({ prompts: fine, summaries: bad })?.says).toBe(
    'Unknown to the tokenizer are 50.0 % of the tokens of summaries (1.5 of 3.0 in each): the model reads nothing where they stand.',
  );
  expect(readingOf([[2, 3]], undefined).unknown).toBe(0); // a tokenizer of bytes knows all
});

test('a sampler that takes tokens away is told, and a greedy one', () => {
  const sampler = (options: object) => ofSampler(GenerationConfig.parse(options));
  expect(sampler({})).toBeUndefined();
  expect(sampler({ minLength: 1, topK: 0 })).toBeUndefined();
  expect(sampler({ topK: 50, topP: 0.9 })).toEqual({
    says: '`topK` 50 and `topP` 0.9 take tokens from the sampler and none from the logprobs that are learnt from: the KL can fall below 0.',
    remedy: 'Sample from all of it: `topK` 0 and `topP` 1.',
  });
  expect(sampler({ minNewTokens: 4 })?.says).toMatch(/^`minNewTokens` 4 takes tokens/);
  expect(sampler({ sample: false })?.says).toMatch(/^Greedy decoding/);
});

test('sentinels of T5 and of mT5 are counted, and nothing else is', () => {
  expect(sentinelsIn(['<extra_id_0>', '▁a', null, '▁<extra_id_99>', '</s>', 'extra_id_0'])).toBe(2);
});

test('answers with sentinels, without a word and without an end are told', () => {
  const good = { response: 'a summary', truncated: false };
  const share = (n: number, bad: object) => [
    ...Array(n).fill({ ...good, ...bad }),
    ...Array(100 - n).fill(good),
  ];
  expect(ofAnswers(share(0, {}))).toEqual({});
  expect(ofAnswers(share(1, { sentinels: 2 }))).toEqual({});
  expect(ofAnswers(share(2, { sentinels: 1 })).sentinels?.says).toMatch(
    /^2 of 100 answers \(2\.0 %\) hold sentinels such as <extra_id_0>/,
  );
  expect(Object.keys(ofAnswers(share(10, { response: ' ', truncated: true })))).toEqual([]);
  expect(Object.keys(ofAnswers(share(11, { response: ' ', truncated: true })))).toEqual([
    'empty',
    'truncated',
  ]);
});

test('what ROUGE cannot read is told: no summary, another script, some of another script', () => {
  const says = (references: string[][]) => ofRouge(references).map((note) => note.says);
  expect(says([['a summary'], ['eine Summe']])).toEqual([]);
  expect(says([[], ['']])).toEqual([
    'No prompts to be measured have a summary to compare with: ROUGE is not measured.',
  ]);
  const script =
    "ROUGE cannot read this script: rouge_score's words are a-z and 0-9, and less than half of each summary is";
  expect(says([['荷物が届かない。'], ['#Person1#は怒っています。とても怒っています。']])).toEqual([
    `${script}. It is not measured.`,
  ]);
  expect(says([['a summary'], ['Посылка не пришла.'], []])).toEqual([
    '2 of 3 prompts to be measured have a summary to compare with: ROUGE is measured there alone.',
    `${script}, of 1 of 2 prompts. It is the mean of the other 1.`,
  ]);
  expect(says([['Die Tür ist für Gäste geöffnet']])).toEqual([
    "ROUGE reads 84.0 % of the letters of the summaries: rouge_score's words are a-z and 0-9, and other letters cut words into pieces.",
  ]);
});

test('steps without signal and a KL below 0 are told after the training', () => {
  const step = { 'env/group_zero_std': 0.25, 'env/reward_std': 1, 'objective/kl': 0.1 };
  const says = (metrics: object) =>
    ofTraining(Array(10).fill({ ...step, ...metrics })).map((note) => note.says);
  expect(says({})).toEqual([]);
  expect(ofTraining([])).toEqual([]);
  expect(says({ 'env/group_zero_std': 0.75 })).toEqual([
    '75.0 % of the groups of answers to one prompt earned the same: there was nothing to learn from.',
  ]);
  expect(says({ 'env/reward_std': 0 })).toEqual([
    'All answers of a step earned the same in 10 of 10 steps: there was nothing to learn from.',
  ]);
  expect(says({ 'objective/kl': -0.2 })).toEqual([
    'The KL was −0.200 on average, and a true one is never below 0.',
  ]);
});
