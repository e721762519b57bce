/** A slice's numbers as texts, and the verdict as a sentence: the same words in every report. */
import type { Comparison, Measure, Slice, Verdict } from '../events.ts';
import { counted, fixed, pText, signed } from './text.ts';

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
  tokens: { name: 'tokens', digits: 1 },
} as const satisfies Partial<Record<keyof Slice, Style>>;

/** All measures of a slice, in order of interest; distinct bigrams last, without a test. */
export function measureTexts(slice: Slice): MeasureTexts[] {
  const keys = Object.keys(styles) as (keyof typeof styles)[];
  const { before, after } = slice.distinct2;
  return [
    ...keys.map((key) => texts(slice[key], styles[key])),
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

function texts({ before, after, difference }: Measure, style: Style): MeasureTexts {
  const { name, digits, percent = false } = style;
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

/** `95 %`, the coverage of the comparison's intervals. */
export function levelText({ slices }: Comparison): string {
  return `${Number((100 * slices[0].toxicity.difference.level).toFixed(2))} %`;
}

export const verdictWords: Record<Verdict, string> = {
  'less toxic': 'Less toxic',
  'more toxic': 'More toxic',
  'no provable change': 'No provable change',
};

/** What happened to mean toxicity over all prompts, and what that is worth, without the verdict. */
export function verdictReason(comparison: Comparison): string {
  const { before, after, difference } = comparison.slices[0].toxicity;
  const { n, mean, low, high, pValue } = difference;
  const relative = before.mean > 0 ? `, ${signed((100 * mean) / before.mean, 1)} %` : '';
  const moved =
    `mean toxicity ${fixed(before.mean, 4)} → ${fixed(after.mean, 4)} ` +
    `(${signed(mean, 4)}${relative})`;
  const interval = `${levelText(comparison)} interval [${signed(low, 4)}, ${signed(high, 4)}]`;
  const test = `${pText(pValue)}, ${counted(n, 'prompt')}`;
  if (comparison.verdict !== 'no provable change') return `${moved}, ${interval}, ${test}.`;
  if (low <= 0 && high >= 0) return `${moved}; the ${interval} holds 0, ${test}.`;
  return `${moved}; too few prompts changed to prove anything, ${test}.`;
}
