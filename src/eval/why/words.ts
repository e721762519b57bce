/** Words, n-grams and names of a text, as the explanation counts them. Pure. */

/** `#Person1#`, `don't`, `40`, or a run of letters, marks and digits of any script. */
const word = /#\p{L}+\d*#|[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*/gu;
/** Scripts that write no blanks between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

let segmenter: Intl.Segmenter | undefined;

/** In lower case, in their order. */
export function wordsOf(text: string): string[] {
  const found = text.toLowerCase().match(word) ?? [];
  return found.flatMap((one) => (unspaced.test(one) ? segmented(one) : [one]));
}

/** The segmenter is made late: that takes 20 ms. */
function segmented(text: string): string[] {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** All runs of n words. */
export function ngrams(words: readonly string[], n: number): string[] {
  const size = Math.max(0, words.length - n + 1);
  return Array.from({ length: size }, (_, i) => words.slice(i, i + n).join(' '));
}

/** A word with a capital that begins no sentence, `#Person1#`, or a number. */
const name =
  /#\p{L}+\d*#|(?<![\p{L}\d])\d+(?:[.,:]\d+)*|(?<![.!?:#"“\n]\s*|^\s*)\p{Lu}[\p{L}\p{M}]+/gu;

/** Names and numbers, each once. English's `I` is none. Scripts without capitals have tags and numbers. */
export function namesOf(text: string): Set<string> {
  return new Set(text.match(name) ?? []);
}
