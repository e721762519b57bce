/** Prompts are told apart by what is their own. */
import { expect, test } from 'vitest';
import { ownPart, sharedStart } from '../../src/ui/shared-text.ts';

test('what all prompts begin with is left out, by whole words', () => {
  const texts = ['Summarize.\n\nTom: hi', 'Summarize.\n\nTim: bye', 'Summarize.\n\nTim: bye'];
  const start = sharedStart(texts);
  expect(start).toBe('Summarize.\n\n');
  expect(texts.map((text) => ownPart(text, start))).toEqual(['Tom: hi', 'Tim: bye', 'Tim: bye']);
});

test('one prompt alone is shown whole, and nothing is left empty', () => {
  expect(sharedStart(['a b', 'a b'])).toBe('');
  expect(sharedStart(['a b', 'c d'])).toBe('');
  expect(sharedStart([])).toBe('');
  expect(ownPart('a ', 'a ')).toBe('a ');
});
