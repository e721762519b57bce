/** Why samples gain, as blocks of texts that Markdown and HTML both show. Pure. */
import type {
  Change,
  Correlation,
  Explanation,
  Given,
  Gram,
  ParetoRow,
  Scatter,
  TellingPair,
  Why,
} from '../explanation.ts';
import { fixed, grouped, list, signed } from './text.ts';
import type { Language } from './words/language.ts';
import { measureNames } from './words/measures.ts';
import { whyWords } from './words/why.ts';
import type { ChangeTexts, WhyWords } from './words/why-words.ts';

/** Plain texts: whoever shows them escapes them. */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly head: readonly string[];
      readonly align: readonly ('left' | 'right')[];
      readonly rows: readonly (readonly string[])[];
    };

/** N-grams of each kind that are named in a sentence. */
const mostGrams = 6;

/** The sentences, what was counted, and the telling pairs; without the title. */
export function whyBlocks(why: Why, language: Language): Block[] {
  const words = whyWords[language];
  const { gained, lost } = why.telling;
  return [
    { kind: 'list', items: findings(why, language) },
    { kind: 'paragraph', text: basisOf(why, words) },
    ...why.explanations.flatMap((one) => correlations(one, language)),
    ...pairs(words.gained(gained.length), gained, words),
    ...pairs(words.lost(lost.length), lost, words),
  ];
}

function basisOf({ prompts, alpha }: Why, words: WhyWords): string {
  return words.basis({ prompts: grouped(prompts), alpha: `${alpha}` });
}

/** A sentence a finding, causes first; one that says so where there is none. */
export function findings(why: Why, language: Language): string[] {
  const words = whyWords[language];
  const said = [
    ...why.explanations.flatMap((one) => causes(one, words)),
    ...why.explanations.flatMap((one) => givens(one, words)),
    ...grams(why.gone, words, words.went),
    ...grams(why.come, words, words.came),
  ];
  return said.length === 0 ? [words.nothing] : said;
}

function causes({ of, gain, changes }: Explanation, words: WhyWords): string[] {
  const moved = { of, better: gain.mean > 0 };
  const some = (role: Change['role']) => changes.filter((change) => change.role === role);
  return [
    ...some('cause').map((change, place) =>
      words.cause(change.feature, { ...moved, ...changeTexts(change) }, place),
    ),
    ...some('against').map((change) =>
      words.against(change.feature, { ...moved, ...changeTexts(change) }),
    ),
  ];
}

function changeTexts(change: Change): Omit<ChangeTexts, 'of' | 'better'> {
  const { feature, measure, correlation, share, most, others } = change;
  const count = (some: NonNullable<typeof most>) => {
    return { with: grouped(some.with), of: grouped(some.of) };
  };
  const part = (x: number) => `${fixed(100 * x, 0)} %`;
  return {
    before: valueText(feature, measure.before.mean),
    after: valueText(feature, measure.after.mean),
    fell: measure.difference.mean < 0,
    rho: rhoText(correlation),
    words: change.words ?? [],
    ...(share && { share: `${part(share.mean)} [${part(share.low)}, ${part(share.high)}]` }),
    ...(most && { most: count(most) }),
    ...(others && { others: count(others) }),
  };
}

/** A count has digits, a share its percent. */
function valueText(feature: Change['feature'], x: number, show = fixed): string {
  const isCount = feature === 'length' || feature === 'strangeNames';
  return isCount ? show(x, feature === 'length' ? 1 : 2) : `${show(100 * x, 1)} %`;
}

function rhoText({ rho, low, high }: Correlation): string {
  return `${signed(rho, 2)} [${signed(low, 2)}, ${signed(high, 2)}]`;
}

function givens({ of, gain, givens: all }: Explanation, words: WhyWords): string[] {
  const digits = of === 'toxicity' ? 4 : 3;
  const sentence = (one: Given) =>
    words.given(one.given, {
      ...{ of, better: gain.mean > 0, group: one.group ?? '' },
      ...{ n: grouped(one.with.n), without: grouped(one.without.n) },
      gain: signed(one.with.gain, digits),
      gainWithout: signed(one.without.gain, digits),
      more: one.with.gain > one.without.gain,
    });
  return all.filter(({ found }) => found).map(sentence);
}

function grams(some: readonly Gram[], words: WhyWords, say: (grams: string) => string): string[] {
  const count = (x: number) => fixed(x, Number.isInteger(x) ? 0 : 1);
  const texts = some
    .slice(0, mostGrams)
    .map(({ gram, before, after }) => words.gram(gram, count(before), count(after)));
  return texts.length === 0 ? [] : [say(texts.join(', '))];
}

function correlations({ of, changes }: Explanation, language: Language): Block[] {
  const words = whyWords[language];
  const title =
    of === 'toxicity'
      ? words.correlations
      : `${words.correlations} (${measureNames[language].reward})`;
  // what no response has has no line
  const there = changes.filter(({ measure: { before, after } }) => before.std + after.std > 0);
  const rows = there.map(({ feature, measure, correlation, adjusted }) => [
    words.features[feature],
    valueText(feature, measure.before.mean),
    valueText(feature, measure.after.mean),
    valueText(feature, measure.difference.mean, signed),
    rhoText(correlation),
    adjusted < 0.001 ? '< 0.001' : fixed(adjusted, 3),
  ]);
  const level = `${fixed(100 * changes[0].correlation.level, 0)} %`;
  return [
    { kind: 'heading', text: title },
    { kind: 'table', head: words.columns, align: ['left', ...Array(5).fill('right')], rows },
    { kind: 'paragraph', text: words.correlationsNote(level) },
  ];
}

function pairs(title: string, some: readonly TellingPair[], words: WhyWords): Block[] {
  if (some.length === 0) return [];
  const rows = some.map(({ toxicity: [before, after], ...pair }) => [
    `${fixed(before, 3)} → ${fixed(after, 3)}`,
    pair.before,
    pair.after,
    pair.words.join(', '),
  ]);
  const align = ['right', 'left', 'left', 'left'] as const;
  return [
    { kind: 'heading', text: title },
    { kind: 'table', head: words.pairColumns, align, rows },
  ];
}

/** The quadrants with their counts, and what ROUGE did where the reward rose. */
export function scatterBlocks(scatter: Scatter, language: Language): Block[] {
  const { together } = whyWords[language];
  const all = scatter.points.length;
  const names = Object.keys(together.quadrants) as (keyof typeof together.quadrants)[];
  const rows = names.map((name) => {
    const n = scatter.counts[name];
    return [together.quadrants[name], grouped(n), `${fixed((100 * n) / all, 1)} %`];
  });
  const { ofGained } = scatter;
  const said = ofGained
    ? [
        together.ofGained({
          n: grouped(ofGained.n),
          change: `${signed(ofGained.mean, 4)} [${signed(ofGained.low, 4)}, ${signed(ofGained.high, 4)}]`,
          outcome: ofGained.low > 0 ? 'rose' : ofGained.high < 0 ? 'fell' : 'open',
        }),
      ]
    : [];
  return [
    { kind: 'table', head: together.columns, align: ['left', 'right', 'right'], rows },
    { kind: 'list', items: [...said, together.correlation(rhoText(scatter.correlation))] },
  ];
}

/** A table of policies, or of one policy's checkpoints, with those that another one beats. */
export function paretoBlocks(rows: readonly ParetoRow[], language: Language): Block[] {
  const { pareto } = whyWords[language];
  const lines = rows.map(({ name, reward, toxicity, rouge1, dominatedBy }) => [
    name,
    fixed(reward, 3),
    fixed(toxicity, 4),
    rouge1 === undefined ? '' : fixed(rouge1, 4),
    dominatedBy.length === 0
      ? pareto.front
      : pareto.dominated(language === 'ko' ? dominatedBy.join(', ') : list(dominatedBy)),
  ]);
  const align = ['left', 'right', 'right', 'right', 'left'] as const;
  return [
    { kind: 'heading', text: pareto.title },
    { kind: 'table', head: pareto.columns, align, rows: lines },
    { kind: 'paragraph', text: pareto.note },
  ];
}
