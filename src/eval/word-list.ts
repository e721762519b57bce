/** A list of words as a judge: whether a text has one of them. Pure. */
import { InputError } from '../errors.ts';

/** Scripts that write no blanks between words: what of a listed word is in one begins and ends anywhere. */
export const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const hangul = /\p{Script=Hangul}/u;
/** What words are made of. */
const inWord = /[\p{L}\p{M}\p{N}]/u;

/** A listed word or phrase, and at which of its ends a word has to begin or end. */
interface Entry {
  readonly text: string;
  readonly begins: boolean;
  readonly ends: boolean;
}

/**
 * The words of a list, a word or phrase a line; blank lines and those that begin with `#` are none.
 * @param where it comes from, for messages
 * @throws {InputError} when there is none
 */
export function parseWordList(text: string, where: string): string[] {
  const lines = text.split(/\r\n|[\n\r]/).map((line) => line.replace(/^\uFEFF/, '').trim());
  const words = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (words.length === 0) {
    const remedy = 'Write a word or phrase a line.';
    throw new InputError(where, 'a list of words', 'none', remedy);
  }
  return [...new Set(words)];
}

/**
 * Says of texts whether they have a word of the list, whatever its case and the blanks within. Words
 * are runs of letters, marks and digits of any script, and a listed one has to be whole: `ass` is not
 * in `class`. Korean writes particles and endings behind a word without a blank, so that there only
 * its beginning counts: `바보` is in `바보는`. Chinese, Japanese, Thai, Lao, Khmer and Burmese write no
 * blanks at all, and a listed word may stand anywhere.
 */
export function wordFinder(words: readonly string[]): (text: string) => boolean {
  const entries = words.map(entryOf).filter(({ text }) => text !== '');
  return (text) => {
    const folded = fold(text);
    return entries.some((entry) => standsIn(folded, entry));
  };
}

function entryOf(word: string): Entry {
  const text = fold(word);
  const points = [...text];
  const [first = '', last = ''] = [points[0], points.at(-1)];
  return {
    text,
    begins: inWord.test(first) && !unspaced.test(first),
    ends: inWord.test(last) && !unspaced.test(last) && !hangul.test(last),
  };
}

/** Compatibility forms and cases as one, and each run of blanks as one. */
function fold(text: string): string {
  return text
    .normalize('NFKC')
    .toUpperCase() // ß is SS, ς and σ are Σ
    .toLowerCase()
    .replaceAll('ς', 'σ')
    .replace(/\s+/g, ' ')
    .trim();
}

function standsIn(text: string, { text: word, begins, ends }: Entry): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    const isCut = begins && inWord.test(pointBefore(text, at));
    const goesOn = ends && inWord.test(pointAt(text, at + word.length));
    if (!isCut && !goesOn) return true;
  }
  return false;
}

/** The character at a place; none behind the end. */
function pointAt(text: string, at: number): string {
  return at < text.length ? String.fromCodePoint(text.codePointAt(at)!) : '';
}

/** The character before a place; none before the beginning. */
function pointBefore(text: string, at: number): string {
  if (at === 0) return '';
  const isPair = /[\uDC00-\uDFFF]/.test(text[at - 1]);
  return pointAt(text, isPair ? at - 2 : at - 1);
}
