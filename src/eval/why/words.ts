/** Words and names of a text, as the explanation counts them. Pure. */
import { unspaced } from '../word-list.ts';

/** `#Person1#`, `don't`, `40`, or a run of letters, marks and digits of any script. */
const word = /#\p{L}+\d*#|[\p{L}\p{M}\p{N}]+(?:['’]\p{L}+)*/gu;
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

/** A word with a capital that begins no sentence, `#Person1#`, or a number. */
const name =
  /#\p{L}+\d*#|(?<![\p{L}\d])\d+(?:[.,:]\d+)*|(?<![.!?:#"“\n]\s*|^\s*)\p{Lu}[\p{L}\p{M}]+/gu;

/** Names and numbers, each once. English's `I` is none. Scripts without capitals have tags and numbers. */
export function namesOf(text: string): Set<string> {
  return new Set(text.match(name) ?? []);
}
