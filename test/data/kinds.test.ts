import { expect, test } from 'vitest';
import { differenceOf } from '../../src/data/kinds.ts';
import { splitExamples } from '../../src/data/prepare.ts';
import { readExamples } from '../../src/data/read.ts';
import { randomStream } from '../../src/random.ts';
import { goldenPath } from '../golden.ts';

const files = [
  'demo/dialogues.csv',
  goldenPath('data', 'dialogsum.dev.jsonl'),
  goldenPath('data', 'dialogsum.test.jsonl'),
];

test.each(files)(
  'nothing is said of %s as it is, nor shuffled, whatever its size',
  async (path) => {
    const { examples } = await readExamples(path);
    for (const count of [25, 100, 500]) {
      const { train, test: heldOut } = splitExamples(examples.slice(0, count));
      expect(differenceOf(train, heldOut, 'tone')).toBeUndefined();
      const mixed = splitExamples(
        randomStream(1, ['mixed', count]).shuffle(examples).slice(0, count),
      );
      expect(differenceOf(mixed.train, mixed.test, 'tone')).toBeUndefined();
    }
  },
);

test('a sorted file is found by its column, by its lengths, or by its words', async () => {
  const { examples } = await readExamples('demo/dialogues.csv');
  const of = (tone: string) => examples.filter(({ group }) => group === tone);
  const bare = (tone: string) =>
    of(tone).map(({ id, dialogue }) => ({ id, dialogue, summaries: [] }));
  const byColumn = differenceOf(of('friendly').slice(0, 160), of('hostile').slice(0, 40), 'tone');
  expect(byColumn).toEqual({ what: 'tone "hostile"', train: 0, test: 1 });
  const byWords = differenceOf(
    bare('friendly').slice(0, 160),
    bare('hostile').slice(0, 40),
    'tone',
  );
  expect(byWords?.what).toMatch(/^the word "/);
  const byLength = bare('friendly').sort((a, b) => a.dialogue.length - b.dialogue.length);
  const { train, test: heldOut } = splitExamples(byLength);
  expect(differenceOf(train, heldOut, 'tone')?.what).toMatch(/^a length above \d+ characters$/);
});
