/** What the page says, in English and in Korean: a file for each part of it. */
import * as runs from './runs.ts';
import * as samples from './samples.ts';
import * as shell from './shell.ts';
import * as start from './start.ts';

export type Language = 'en' | 'ko';

const english = { ...shell.english, ...runs.english, ...samples.english, ...start.english };
const korean: Readonly<Record<Word, string>> = {
  ...shell.korean,
  ...runs.korean,
  ...samples.korean,
  ...start.korean,
};

export type Word = keyof typeof english;

/** A word of the page in a language; `{name}` stands for a value. */
export function wordIn(
  language: Language,
  word: Word,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const text: string = (language === 'ko' ? korean : english)[word];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
