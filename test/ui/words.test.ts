/** What the page says. */
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { wordIn } from '../../src/ui/words/words.ts';

test('a value stands where its word names it, and a name without a value stays', () => {
  expect(wordIn('en', 'chosen', { count: 2 })).toBe('2 chosen');
  expect(wordIn('ko', 'chosen', { count: 2 })).toBe('2개 선택됨');
  expect(wordIn('en', 'chosen', { other: 2 })).toBe('{count} chosen');
});

test('no word is in two files, and every word has both languages and their values', async () => {
  const folder = new URL('../../src/ui/words/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name !== 'words.ts');
  const seen = new Map<string, string>();
  for (const file of files) {
    const { english, korean } = await import(new URL(file, folder).href);
    expect(Object.keys(korean)).toEqual(Object.keys(english));
    for (const [word, text] of Object.entries<string>(english)) {
      expect(seen.get(word), `${word} of ${file}`).toBeUndefined();
      seen.set(word, file);
      const holes = (said: string) => (said.match(/\{\w+\}/g) ?? []).toSorted();
      expect(holes(korean[word]), word).toEqual(holes(text));
    }
  }
  expect(seen.size).toBeGreaterThan(20);
});
