/** How varied texts are, and how much of their own: what a policy writes to please a reward shows here. */

import { InputError } from '../errors.ts';
import type { StepMetrics } from '../events.ts';
import { ngramsOf } from './ngrams.ts';

/** A prompt and what was answered. */
export interface Answer {
  readonly query: string;
  readonly response: string;
}

/**
 * What tells a policy that games its reward from one that gets better, a number from 0 to 1 each:
 * `guard/distinct2`, `guard/copy_share`, `guard/empty_share` and `guard/duplicate_share` of a batch.
 */
export function guardMetrics(answers: readonly Answer[]): StepMetrics {
  const texts = answers.map(({ response }) => response);
  return {
    'guard/distinct2': distinctN(texts, 2),
    'guard/copy_share': copyShare(answers),
    'guard/empty_share': emptyShare(texts),
    'guard/duplicate_share': duplicateShare(answers),
  };
}

/**
 * Distinct n-grams over all n-grams of the texts, 0 to 1; 0 when there is none.
 * A word is a run of letters, marks and digits of any script, in lower case; no n-gram spans two texts.
 * @see Li et al. 2016, https://arxiv.org/abs/1510.03055
 */
export function distinctN(texts: readonly string[], n: number): number {
  if (!Number.isInteger(n) || n < 1) {
    throw new InputError('distinctN', 'n to be an integer of at least 1', `${n}`);
  }
  const all = texts.flatMap((text) => ngrams(text, n));
  return share(new Set(all).size, all.length);
}

/**
 * Mean share of a response's word 4-grams that stand in its prompt, words as in `distinctN`.
 * Responses of less than 4 words are left out; 0 when that leaves none.
 */
export function copyShare(answers: readonly Answer[]): number {
  const shares = answers.flatMap(({ query, response }) => copiedShare(response, query) ?? []);
  const sum = shares.reduce((a, b) => a + b, 0);
  return share(sum, shares.length);
}

/** Share of one text's word 4-grams that stand in another; undefined below 4 words. */
export function copiedShare(text: string, source: string): number | undefined {
  const own = ngrams(text, 4);
  if (own.length === 0) return undefined;
  const given = new Set(ngrams(source, 4));
  return own.filter((ngram) => given.has(ngram)).length / own.length;
}

/** Share of texts without a single word. */
export function emptyShare(texts: readonly string[]): number {
  return share(texts.filter(isEmpty).length, texts.length);
}

/** Whether a text has no word. */
export function isEmpty(text: string): boolean {
  return words(text).length === 0;
}

/** Share of responses that some other prompt got as well, outer blanks aside. */
export function duplicateShare(answers: readonly Answer[]): number {
  return share(duplicates(answers).filter(Boolean).length, answers.length);
}

/** Of each response, whether some other prompt got it as well, outer blanks aside. */
export function duplicates(answers: readonly Answer[]): boolean[] {
  const queries = new Map<string, Set<string>>();
  for (const { query, response } of answers) {
    const text = response.trim();
    queries.set(text, (queries.get(text) ?? new Set()).add(query));
  }
  return answers.map(({ response }) => queries.get(response.trim())!.size > 1);
}

function words(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}

/** Runs of n words, joined by a blank; words as in `distinctN`. */
export function ngrams(text: string, n: number): string[] {
  return ngramsOf(words(text), n);
}

/** `part / whole`; of nothing, 0. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
