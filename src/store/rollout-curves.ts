/** What a step's rollouts show beside numbers: how they are spread, and a few of them to read. Pure. */
import type { RolloutRow, RolloutTokens } from '../rollouts.ts';
import { type Histogram, histogramOf } from './histogram.ts';

/** Histograms by their names, those of TRL's arrays. Of rows without tokens there are fewer. */
export function histogramsOf(rows: readonly RolloutRow[]): Record<string, Histogram> {
  const ofTokens = (field: 'logprobs' | 'refLogprobs' | 'advantages' | 'ratios' | 'entropies') =>
    rows.flatMap(({ tokens }) => (tokens ? counted(tokens, tokens[field] ?? []) : []));
  const spreads: Readonly<Record<string, readonly number[]>> = {
    'env/reward_dist': rows.map(({ score }) => score),
    'objective/kl_dist': rows.map(({ kl }) => kl),
    'tokens/responses_dist': rows.map(({ length }) => length),
    'objective/logprobs': ofTokens('logprobs'),
    'objective/ref_logprobs': ofTokens('refLogprobs'),
    'ppo/policy/advantages': ofTokens('advantages'),
    'ppo/policy/ratio': ofTokens('ratios'),
    'ppo/policy/entropy_dist': ofTokens('entropies'),
  };
  const histograms = Object.entries(spreads).flatMap(([name, numbers]) => {
    const histogram = histogramOf(numbers);
    return histogram ? [[name, histogram] as const] : [];
  });
  return Object.fromEntries(histograms);
}

/** Those of tokens that count in the loss. */
function counted({ mask }: RolloutTokens, numbers: readonly number[]): readonly number[] {
  return mask ? numbers.filter((_, i) => mask[i] !== 0) : numbers;
}

/** Of each end of the scores so many are shown. */
const shown = 2;

/** The responses of a step with the best and the worst scores, in Markdown; nothing of no rows. */
export function samplesOf(
  rows: readonly RolloutRow[],
  queries: ReadonlyMap<string, string>,
): string | undefined {
  const ranked = [...rows].sort((a, b) => b.score - a.score || a.row - b.row);
  const ends = ranked.filter((_, i) => i < shown || i >= ranked.length - shown);
  if (ends.length === 0) return undefined;
  return ends.map((row) => sampleText(row, queries.get(row.query) ?? '')).join('\n\n---\n\n');
}

function sampleText(
  { id, row, response, score, parts = {}, kl, length, truncated }: RolloutRow,
  query: string,
): string {
  const made = Object.entries(parts).map(([name, value]) => `${name} ${rounded(value)}`);
  const facts = [
    ...[`score **${rounded(score)}**`, ...made, `KL ${rounded(kl)}`, `${length} tokens`],
    ...(truncated ? ['cut off'] : []),
  ];
  const title = `${facts.join(', ')} (row ${row}, dialogue ${inCode(id)})`;
  return [title, ...captioned('response', response), ...captioned('query', query)].join('\n\n');
}

/** A text with what it is, in Markdown, to be read: long lines are broken at blanks. */
export function captioned(caption: string, text: string): string[] {
  return [`${caption}:`, block(text.replace(longLine, '$1\n'))];
}

/** So much of a line as is read without scrolling, up to a blank. */
const longLine = /([^\n]{80,110}) (?=[^\n])/g;

/** Four digits are enough to read. */
export function rounded(value: number): string {
  return `${Number(value.toPrecision(4))}`;
}

/** Markdown that shows a text as it is, whatever stands in it. */
export function block(text: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}text\n${text}\n${fence}`;
}

function inCode(text: string): string {
  const marks = '`'.repeat(longestRun(text) + 1);
  return `${marks} ${text.replace(/\s+/g, ' ')} ${marks}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
