/** Numbers and differences of texts as elements. */

import { difference } from '../difference.ts';
import type { PageSample, PageWords, Pair, Quantity } from './data.ts';
import { element } from './dom.ts';

const digits: Readonly<Record<Quantity, number>> = { toxicity: 3, reward: 2, rouge1: 3, tokens: 0 };
/** Which way is better; of a length neither is. */
const better: Readonly<Record<Quantity, number>> = {
  toxicity: -1,
  reward: 1,
  rouge1: 1,
  tokens: 0,
};

export function fixed(value: number, name: Quantity): string {
  return value
    .toFixed(digits[name])
    .replace('-', '−')
    .replace(/^−(0(\.0*)?)$/, '$1');
}

export function signed(change: number, name: Quantity): string {
  const text = fixed(change, name);
  return /^[0.]*$/.test(text) || text.startsWith('−') ? text : `+${text}`;
}

/** `up` where a change is for the better, `down` where for the worse. */
export function toneOf([before, after]: Pair, name: Quantity): string {
  const sign = Math.sign(after - before) * better[name];
  if (sign === 0) return '';
  return sign > 0 ? 'up' : 'down';
}

/** Both responses as one text, with what went and what came marked. */
export function responseElement({ before, after }: PageSample, words: PageWords): HTMLElement {
  if (before === '' && after === '') return element('span', {}, words.empty);
  const parts = difference(before, after).map(({ kind, text }) => {
    if (kind === 'same') return text;
    return element(kind === 'gone' ? 'del' : 'ins', {}, text);
  });
  return element('span', { class: 'difference', dir: 'auto' }, ...parts);
}
