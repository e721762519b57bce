/** The verdict as a sentence: the same words on the screen, in `--json` and in every report. Pure. */
import { type Comparison, type Cost, fewestPrompts, type Measure } from '../comparison.ts';
import { fixed, pText, signed } from './text.ts';
import type { Language } from './words/language.ts';
import { verdictWords as words } from './words/verdict.ts';
import type { Moved, Tested, VerdictWords } from './words/verdict-words.ts';

/** The verdict in a few words, without a colon. */
export function verdictWords(comparison: Comparison, language: Language = 'en'): string {
  const { verdicts, unchanged, costs } = words[language];
  const { verdict } = comparison;
  if (isUnchanged(comparison)) return unchanged;
  if (verdict !== 'improved at a cost') return verdicts[verdict];
  const of = new Set((comparison.costs ?? []).map((cost) => costs[cost.of]));
  return `${verdicts[verdict]} (${[...of].join(', ')})`;
}

/** Why: what it has cost, what happened to mean toxicity over all prompts and what that is worth, and what the judges say. */
export function verdictReason(comparison: Comparison, language: Language = 'en'): string {
  const say = words[language];
  if (isUnchanged(comparison)) return `${say.sameResponses(responsesOf(comparison))}.`;
  const { costs = [], slices } = comparison;
  const { before, after, difference } = slices[0].toxicity;
  const relative =
    before.mean > 0 ? `${signed((100 * difference.mean) / before.mean, 1)} %` : undefined;
  const moved = say.toxicity({
    ...{ before: fixed(before.mean, 4), after: fixed(after.mean, 4) },
    ...{ change: signed(difference.mean, 4), relative },
  });
  const lost = [
    ...costs.map((cost) => costText(cost, say)),
    ...(isRuined(comparison) ? [say.ruined] : []),
  ];
  const first = [...lost, moved].join('; ') + testText(comparison, say);
  return [`${first}.`, ...judgeTexts(comparison, say), ...lostText(comparison, say)].join(' ');
}

/** The verdict in one sentence, and what stands beside it. */
export function verdictSentence(comparison: Comparison, language: Language = 'en'): string {
  return `${verdictWords(comparison, language)}: ${verdictReason(comparison, language)}`;
}

/** `95 %`, the coverage of the comparison's intervals. */
export function levelText({ slices }: Comparison): string {
  return `${Number((100 * slices[0].toxicity.difference.level).toFixed(2))} %`;
}

function responsesOf({ slices, responses }: Comparison): number {
  return responses ?? slices[0].n;
}

function isUnchanged(comparison: Comparison): boolean {
  return comparison.same !== undefined && comparison.same === responsesOf(comparison);
}

/** Whether toxicity fell or rose as the verdict takes it; logs of earlier versions have no Holm. */
function isProven({ low, high, level, pValue, adjusted = pValue }: Measure['difference']): boolean {
  return adjusted < 1 - level && (high < 0 || low > 0);
}

/** Less toxic by far, and nothing left that could be. */
function isRuined({ verdict, costs, slices: [{ toxicity }] }: Comparison): boolean {
  const { difference } = toxicity;
  return verdict === 'worse' && !!costs && difference.high < 0 && isProven(difference);
}

function testText(comparison: Comparison, say: VerdictWords): string {
  const { before, difference } = comparison.slices[0].toxicity;
  const { mean, low, high, pValue, level, n, effect, adjusted = pValue } = difference;
  const { measures = [], detectable = 0 } = comparison.basis ?? {};
  const tested: Tested = {
    level: levelText(comparison),
    interval: `[${signed(low, 4)}, ${signed(high, 4)}]`,
    p: pText(adjusted),
    of: measures.length > 0 ? measures.length : undefined,
    effect: effect === undefined ? undefined : signed(effect, 2),
    prompts: n,
    hopeless: n < fewestPrompts ? 'prompts' : detectable > before.mean ? 'toxicity' : undefined,
    // what moved by more was unlucky: to say that it would have shown would be odd
    detectable: detectable > Math.abs(mean) ? fixed(detectable, 3) : undefined,
  };
  if (comparison.verdict !== 'no provable change' && isProven(difference))
    return say.proven(tested);
  if (low <= 0 && high >= 0) return say.spansZero(tested);
  if (adjusted < 1 - level) return say.tooFew(tested);
  return pValue < 1 - level ? say.amongMany(tested) : say.tooFewChanged(tested);
}

/** `ROUGE-1 fell from 0.7290 to 0.4411 (−39 %)` */
function costText(cost: Cost, say: VerdictWords): string {
  const moved = movedOf(cost, say);
  return cost.of === 'judge' ? say.judgeAgainst(moved) : say.moved(moved);
}

function movedOf(
  { measure, before, after }: Pick<Cost, 'measure' | 'before' | 'after'>,
  say: VerdictWords,
): Moved {
  const { digits = 1, share = false } = styles[measure] ?? { digits: 4 };
  const value = (x: number) => (share ? `${fixed(100 * x, digits)} %` : fixed(x, digits));
  const isRelative = !share && before > 0;
  return {
    ...{ name: say.names[measure] ?? measure, before: value(before), after: value(after) },
    relative: isRelative ? `${signed(100 * (after / before - 1), 0)} %` : undefined,
    rose: after > before,
  };
}

const styles: Readonly<Record<string, { digits?: number; share?: boolean }>> = {
  tokens: {},
  empty: { share: true },
  truncated: { share: true },
  duplicates: { share: true },
};

/** What the judges that the training never saw say of less toxicity; those that cost something have been told. */
function judgeTexts(
  { judges, costs = [], slices, verdict, basis }: Comparison,
  say: VerdictWords,
): string[] {
  const asked = slices[0].judges ?? {};
  const isPraise = verdict === 'improved' || verdict === 'improved at a cost';
  if (!isPraise || basis === undefined) return [];
  if (judges === undefined) return [say.noJudge];
  return Object.entries(judges).flatMap(([name, says]) => {
    const isTold = costs.some((cost) => cost.of === 'judge' && cost.measure === name);
    const { before, after } = asked[name] ?? {};
    if (isTold || !before || !after) return [];
    const moved = movedOf({ measure: name, before: before.mean, after: after.mean }, say);
    return [say.judge(name, says, moved)];
  });
}

/** What being less toxic has cost, where no limit is passed and it is provable all the same. */
function lostText({ verdict, slices: [{ rouge1 }] }: Comparison, say: VerdictWords): string[] {
  if (verdict !== 'improved' || !rouge1) return [];
  const { before, difference } = rouge1;
  const { mean, high, level, pValue } = difference;
  if (high >= 0 || pValue >= 1 - level) return [];
  const relative = `${fixed((-100 * mean) / before.mean, 1)} %`;
  return [say.lost(say.names.rouge1, fixed(-mean, 4), relative, pText(pValue))];
}
