/** All runs of n words of a text, joined by a blank. Pure. */
export function ngramsOf(words: readonly string[], n: number): string[] {
  const size = Math.max(0, words.length - n + 1);
  return Array.from({ length: size }, (_, i) => words.slice(i, i + n).join(' '));
}
