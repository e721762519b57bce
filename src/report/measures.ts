/** A slice's numbers as texts, and the verdict as a sentence: the same words in every report. */
import type { Comparison, Cost, Measure, RougeKind, Slice } from '../comparison.ts';
import { counted, fixed, grouped, pText, signed } from './text.ts';
import { verdictWords as words } from './words/verdict.ts';

/** One measured quantity as texts. */
export interface MeasureTexts {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  /** Standard deviation over the prompts, where it says something. */
  readonly spreadBefore: string;
  readonly spreadAfter: string;
  readonly change: string;
  readonly interval: string;
  readonly p: string;
  /** Whether the interval leaves out 0, and on which side. */
  readonly outcome: 'better' | 'worse' | 'changed' | 'open';
}

interface Style {
  readonly name: string;
  readonly digits: number;
  readonly better?: 'lower' | 'higher';
  readonly percent?: boolean;
}

const styles = {
  toxicity: { name: 'toxicity', digits: 4, better: 'lower' },
  flagged: { name: 'flagged', digits: 1, better: 'lower', percent: true },
  reward: { name: 'reward', digits: 3, better: 'higher' },
  rouge1: { name: 'ROUGE-1', digits: 4, better: 'higher' },
  rougeL: { name: 'ROUGE-L', digits: 4, better: 'higher' },
  faithfulness: { name: 'faithfulness', digits: 4, better: 'higher' },
  coverage: { name: 'coverage', digits: 4, better: 'higher' },
  tokens: { name: 'tokens', digits: 1 },
} as const satisfies Partial<Record<keyof Slice, Style>>;

/** All measures of a slice that there are, in order of interest; distinct bigrams last, without a test. */
export function measureTexts(slice: Slice): MeasureTexts[] {
  const keys = Object.keys(styles) as (keyof typeof styles)[];
  const { before, after } = slice.distinct2;
  return [
    ...keys.flatMap((key) => {
      const measure = slice[key];
      return measure === undefined ? [] : [texts(measure, styles[key], slice.n)];
    }),
    {
      name: 'distinct-2',
      before: fixed(before, 4),
      after: fixed(after, 4),
      spreadBefore: '',
      spreadAfter: '',
      change: signed(after - before, 4),
      interval: '',
      p: '',
      outcome: 'open',
    },
  ];
}

function texts({ before, after, difference }: Measure, style: Style, n: number): MeasureTexts {
  const { digits, percent = false } = style;
  const name = difference.n < n ? `${style.name}, n=${difference.n}` : style.name;
  const scale = percent ? 100 : 1;
  const value = (x: number) => `${fixed(scale * x, digits)}${percent ? ' %' : ''}`;
  const spread = (x: number) => (percent ? '' : `± ${fixed(x, digits)}`);
  const [low, high] = [difference.low, difference.high].map((x) => signed(scale * x, digits));
  return {
    name,
    before: value(before.mean),
    after: value(after.mean),
    spreadBefore: spread(before.std),
    spreadAfter: spread(after.std),
    change: `${signed(scale * difference.mean, digits)}${percent ? ' pp' : ''}`,
    interval: `[${low}, ${high}]`,
    p: pText(difference.pValue).replace(/^p (= )?/, ''),
    outcome: outcome(difference, style),
  };
}

function outcome({ low, high }: Measure['difference'], { better }: Style): MeasureTexts['outcome'] {
  if (low <= 0 && high >= 0) return 'open';
  if (better === undefined) return 'changed';
  return high < 0 === (better === 'lower') ? 'better' : 'worse';
}

/** Which ROUGE it is, in a sentence. */
export function rougeText({ package: name, version, ...kind }: RougeKind): string {
  const words = `words are runs of a-z and 0-9 in lower case, ${kind.stemmer ? '' : 'not '}stemmed`;
  const sentences = kind.splitsSentences
    ? 'by sentences, a line each'
    : 'as one sentence, newlines or not';
  return `ROUGE is the ${kind.value} of ${name} ${version}: ${words}; ROUGE-L takes a text ${sentences}.`;
}

/** `95 %`, the coverage of the comparison's intervals. */
export function levelText({ slices }: Comparison): string {
  return `${Number((100 * slices[0].toxicity.difference.level).toFixed(2))} %`;
}

/** The verdict in a few words, without a colon. */
export function verdictWords(comparison: Comparison): string {
  const { verdict, costs } = comparison;
  const { verdicts, unchanged } = words.en;
  if (isUnchanged(comparison)) return unchanged;
  const more = costs && verdict !== 'improved at a cost' ? ', and collapsed' : '';
  return verdicts[verdict] + more;
}

/** Why: what happened to mean toxicity over all prompts, what that is worth, and what collapsed. */
export function verdictReason(comparison: Comparison): string {
  const { verdict, costs = [], slices } = comparison;
  const [{ n: all, toxicity }] = slices;
  if (isUnchanged(comparison)) return `${everyResponse(all)} the same before and after.`;
  const { before, after, difference } = toxicity;
  const { n, mean, low, high, level, pValue } = difference;
  const relative = before.mean > 0 ? `, ${signed((100 * mean) / before.mean, 1)} %` : '';
  const moved =
    `${costs.map(fallText).join('')}mean toxicity ${fixed(before.mean, 4)} → ${fixed(after.mean, 4)} ` +
    `(${signed(mean, 4)}${relative})`;
  const interval = `${levelText(comparison)} interval [${signed(low, 4)}, ${signed(high, 4)}]`;
  const test = `${pText(pValue)}, ${counted(n, 'prompt')}`;
  if (verdict !== 'no provable change')
    return `${moved}, ${interval}, ${test}.${lostText(comparison)}`;
  if (low <= 0 && high >= 0) return `${moved}; the ${interval} holds 0, ${test}.`;
  // what interval and test agree on is not believed of so few
  if (pValue < 1 - level)
    return `${moved}; ${counted(n, 'prompt')} can prove nothing, ${pText(pValue)}.`;
  return `${moved}; too few prompts changed to prove anything, ${test}.`;
}

/** What being less toxic has cost, where no limit is passed and it is provable all the same. */
function lostText({ verdict, slices: [{ rouge1 }] }: Comparison): string {
  if (verdict !== 'improved' || !rouge1) return '';
  const { before, difference } = rouge1;
  const { mean, high, level, pValue } = difference;
  if (high >= 0 || pValue >= 1 - level) return '';
  const relative = `${fixed((-100 * mean) / before.mean, 1)} %`;
  return ` ROUGE-1 fell as well, by ${fixed(-mean, 4)} (${relative}, ${pText(pValue)}).`;
}

/** The verdict in one sentence, and what it has cost. */
export function verdictSentence(comparison: Comparison): string {
  return `${verdictWords(comparison)}: ${verdictReason(comparison)}`;
}

function isUnchanged({ same, slices }: Comparison): boolean {
  return same === slices[0].n;
}

function everyResponse(n: number): string {
  return n === 1 ? 'the one response is' : `all ${grouped(n)} responses are`;
}

/** `ROUGE-1 fell from 0.7290 to 0.4411 (−39 %); ` */
function fallText({ measure, before, after }: Cost): string {
  const { name, digits = 1, share = false } = collapseStyles[measure] ?? { name: measure };
  const value = (x: number) => (share ? `${fixed(100 * x, digits)} %` : fixed(x, digits));
  const relative = share ? '' : ` (${signed(100 * (after / before - 1), 0)} %)`;
  const verb = after < before ? 'fell' : 'rose';
  return `${name} ${verb} from ${value(before)} to ${value(after)}${relative}; `;
}

const collapseStyles: Readonly<Record<string, { name: string; digits?: number; share?: boolean }>> =
  {
    rouge1: { name: 'ROUGE-1', digits: 4 },
    tokens: { name: 'mean length' },
    distinct2: { name: 'distinct-2', digits: 4 },
    empty: { name: 'empty responses', share: true },
    duplicates: { name: 'responses that several prompts got', share: true },
  };
