/** A slice's numbers as texts: the same in every report. Pure. */
import type { Measure, RougeKind, Slice } from '../comparison.ts';
import { fixed, pText, signed } from './text.ts';
import type { Language } from './words/language.ts';
import { type MeasureName, measureNames, rougeWords } from './words/measures.ts';

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
  /** Whether the interval leaves out 0 and the test agrees, and on which side: of one prompt an interval is a point. */
  readonly outcome: 'better' | 'worse' | 'changed' | 'open';
}

interface Style {
  readonly digits: number;
  readonly better?: 'lower' | 'higher';
  readonly percent?: boolean;
}

/** In order of interest, judges after `flagged`. */
const styles = {
  toxicity: { digits: 4, better: 'lower' },
  maxToxicity: { digits: 4, better: 'lower' },
  flagged: { digits: 1, better: 'lower', percent: true },
  reward: { digits: 3, better: 'higher' },
  rouge1: { digits: 4, better: 'higher' },
  rouge2: { digits: 4, better: 'higher' },
  rougeL: { digits: 4, better: 'higher' },
  rougeLsum: { digits: 4, better: 'higher' },
  faithfulness: { digits: 4, better: 'higher' },
  coverage: { digits: 4, better: 'higher' },
  tokens: { digits: 1 },
  truncated: { digits: 1, better: 'lower', percent: true },
  empty: { digits: 1, better: 'lower', percent: true },
  duplicates: { digits: 1, better: 'lower', percent: true },
  copied: { digits: 1, percent: true },
  perplexity: { digits: 1 },
  kl: { digits: 2 },
} as const satisfies Partial<Record<keyof Slice & MeasureName, Style>>;
type Name = keyof typeof styles;

/** What a screen shows of every slice; of the others, what changed for the worse. */
const telling: readonly Name[] = [
  ...(['toxicity', 'flagged', 'reward', 'rouge1', 'rougeL', 'tokens'] as const),
  ...(['faithfulness', 'coverage'] as const),
];

export interface MeasuresOptions {
  /** @default 'en' */
  readonly language?: Language;
  /** Leaves out what says little beside the others. @default false */
  readonly brief?: boolean;
}

/** The measures of a slice that there are, in order of interest; distinct bigrams last, without a test. */
export function measureTexts(
  slice: Slice,
  { language = 'en', brief = false }: MeasuresOptions = {},
): MeasureTexts[] {
  const names = measureNames[language];
  const own = (Object.keys(styles) as Name[]).flatMap((name) => {
    const measure = slice[name];
    if (measure === undefined) return [];
    const told = texts(measure, { name: names[name], ...styles[name] }, slice.n);
    const isLeftOut = brief && !telling.includes(name) && told.outcome !== 'worse';
    return isLeftOut ? [] : [{ name, told }];
  });
  const judges = Object.entries(slice.judges ?? {}).map(([name, measure]) =>
    texts(measure, { name: `"${name}"`, digits: 4, better: 'lower' }, slice.n),
  );
  const [first, rest] = [true, false].map((isFirst) =>
    own.filter(({ name }) => firstOnes.includes(name) === isFirst).map(({ told }) => told),
  );
  const { before, after } = slice.distinct2;
  const distinct = {
    ...{ name: names.distinct2, before: fixed(before, 4), after: fixed(after, 4) },
    ...{ spreadBefore: '', spreadAfter: '', change: signed(after - before, 4) },
    ...{ interval: '', p: '', outcome: 'open' as const },
  };
  return [...first, ...judges, ...rest, distinct];
}

const firstOnes: readonly Name[] = ['toxicity', 'maxToxicity', 'flagged'];

function texts(
  { before, after, difference }: Measure,
  style: Style & { readonly name: string },
  n: number,
): MeasureTexts {
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

function outcome(
  { low, high, level, pValue }: Measure['difference'],
  { better }: Style,
): MeasureTexts['outcome'] {
  if ((low <= 0 && high >= 0) || pValue >= 1 - level) return 'open';
  if (better === undefined) return 'changed';
  return high < 0 === (better === 'lower') ? 'better' : 'worse';
}

/** Which ROUGE it is, in a sentence. */
export function rougeText(kind: RougeKind, language: Language = 'en'): string {
  return rougeWords[language](kind);
}
