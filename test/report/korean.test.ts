/** Reports with `--language ko` say all that they say in Korean. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parts } from '../../src/report/words/note-parts.ko.ts';
import { sentences } from '../../src/report/words/notes.ko.ts';
import { koreanOf, noteIn, partIn } from '../../src/report/words/notes.ts';
import { noteTexts } from './note-texts.ts';

const tsconfig = fileURLToPath(new URL('../../tsconfig.build.json', import.meta.url));

/** Notes that come into no report, and why. */
const others: Readonly<Record<string, string>> = {
  'src/data/classes.ts': 'train-classifier has no report',
  'src/jobs/sft.ts': 'sft has no report',
  'src/jobs/detox/ragas.ts': 'told on the screen',
  'src/jobs/evaluate/of-run.ts': 'told on the screen',
  'src/jobs/detox/references.ts': 'told on the screen',
};
const rooms = /^src\/(data|tensors|adapter|family|tokenizer|model|rl|eval|jobs)\//;
const texts = noteTexts(
  tsconfig,
  dirname(tsconfig),
  (file) => rooms.test(file) && !(file in others),
);

test('every sentence of a note, and every remedy of one, has its Korean', () => {
  const without = texts.filter(({ text }) => koreanOf(text) === undefined);
  expect(without.map(({ text, where }) => `${where}: ${text}`)).toEqual([]);
});

test('the sentences have been found, wherever they are made', () => {
  const files = new Set(texts.map(({ where }) => where.replace(/:\d+$/, '')));
  expect([...files]).toEqual(
    expect.arrayContaining([
      ...[
        'src/data/merge.ts',
        'src/data/lengths.ts',
        'src/data/turns.ts',
        'src/data/csv-dialect.ts',
      ],
      ...['src/jobs/detox/notes.ts', 'src/rl/judge-notes.ts', 'src/tensors/weights.ts'],
      ...['src/family/base-model.ts', 'src/family/t5/head.ts', 'src/adapter/adapter-settings.ts'],
    ]),
  );
  expect(texts.length).toBeGreaterThan(60);
});

test('no Korean is for a sentence that nobody says', () => {
  const said = texts.map(({ text }) => text);
  const idle = sentences.filter(([english]) => {
    const pattern = english
      .split('{}')
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('(.+?)');
    return !said.some((text) => new RegExp(`(^|: )${pattern}$`, 's').test(text));
  });
  expect(idle.map(([english]) => english)).toEqual([]);
});

test.each([...sentences, ...parts])('what stands in %j stands in its Korean', (english, korean) => {
  const holes = english.split('{}').length - 1;
  const places = [...korean.matchAll(/\{(\d)\}/g)].map(([, place]) => Number(place));
  for (const place of places) expect(place).toBeLessThan(holes);
  expect(korean).toMatch(/\p{sc=Hangul}/u);
  const settings = (text: string) => (text.match(/`[^`]+`/g) ?? []).toSorted();
  expect(settings(korean)).toEqual(settings(english));
});

test.each([
  [
    '3 of 60 prompts (5.0 %) are cut at 512 tokens (the longest has 700): their end is lost, and "Summary:" with it.',
  ],
  [
    'train.csv: 12 rows hold 10 dialogues, some 2 times: each is one prompt, and its summaries are references together; it is trained on as often as it is there.',
  ],
  [
    'C:/data: all.csv: 12 rows: the dialogue is a list of turns, joined as "speaker: text" lines by "from" and "value" (written as text).',
  ],
  [
    'Unknown to the tokenizer are 3.1 % of the tokens of prompts (2.0 of 60.1 in each) and 9.0 % of the tokens of summaries (1.0 of 9.0 in each): the model reads nothing where they stand.',
  ],
  [
    'data: of 40 rows 10 are kept by length: 20 are too short (200 characters or fewer) and 10 too long (more than 1,000); the shortest has 3, the median 180, the longest 4,000.',
  ],
  [
    'The reward is 0.5 × logits "a" − "b" of the reward model + reward.ts; the reward model only measures.',
  ],
  ['No prompts to be measured have a summary to compare with: ROUGE is not measured.'],
])('%s', (english) => {
  expect(noteIn(english, 'en')).toBe(english);
  expect(noteIn(english, 'ko')).toMatchSnapshot();
});

test.each([
  ...['logit "nothate"', 'probability of "hate"', 'sum of the probabilities of "a" and "b"'],
  ...['1 where one of 130 listed words is there, else 0', 'reward.ts'],
  'about 2.6 GB in each worker at most (training 1.1 GB, decoding copy 812 MB, …)',
])('of the record: %s', (english) => {
  expect(partIn(english, 'en')).toBe(english);
  expect(partIn(english, 'ko')).toMatchSnapshot();
});

test('what the data says in its own words stays as it is', () => {
  const says = 'data.csv: the rows of 2 repeated dialogues differ in about 2 and 3.';
  expect(noteIn(says, 'ko')).toBe(
    'data.csv: 반복된 대화 2개의 행들이 about 2 and 3 값에서 서로 다릅니다.',
  );
  expect(noteIn('Something else altogether.', 'ko')).toBe('Something else altogether.');
});
