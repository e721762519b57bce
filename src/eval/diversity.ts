/** How varied a set of texts is: a policy that collapses to one phrase shows here first. */
import { InputError } from '../errors.ts';

/**
 * Distinct n-grams over all n-grams of the texts, 0 to 1; 0 when there is none.
 * A word is a run of letters, marks and digits of any script, in lower case; no n-gram spans two texts.
 * @see Li et al. 2016, https://arxiv.org/abs/1510.03055
 */
export function distinctN(texts: readonly string[], n: number): number {
  if (!Number.isInteger(n) || n < 1) {
    throw new InputError('distinctN', 'n to be an integer of at least 1', `${n}`);
  }
  const seen = new Set<string>();
  let total = 0;
  for (const text of texts) {
    const words = text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
    for (let i = 0; i + n <= words.length; i++, total++) seen.add(words.slice(i, i + n).join(' '));
  }
  return total === 0 ? 0 : seen.size / total;
}

/** Share of texts that repeat an earlier one, outer blanks aside: 0 when all differ. */
export function duplicateShare(texts: readonly string[]): number {
  const distinct = new Set(texts.map((text) => text.trim())).size;
  return texts.length === 0 ? 0 : 1 - distinct / texts.length;
}
