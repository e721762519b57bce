/** Why one measure got better or worse: what changed, what the gain goes with, and where it was. Pure. */
import type { PairedDifference } from '../../comparison.ts';
import type { Change, Explanation } from '../../explanation.ts';
import { holm } from '../holm.ts';
import { pairedDifferences, summarize } from '../statistics.ts';
import { associationP } from './association.ts';
import { type Case, leastChange, type Said, type Sides, sidesOf } from './cases.ts';
import { chooseCauses, sharesOf } from './causes.ts';
import { featuresOf } from './features.ts';
import { countsOf, gainedMost, wordsOfMost } from './gained.ts';
import { givensOf, type Tested } from './givens.ts';
import { midranks, rankCorrelation } from './ranks.ts';
import { tellingWords, tellingWordsOfOthers } from './telling-words.ts';

export interface ExplainOptions {
  /** What is found is found at this level. */
  readonly alpha: number;
  /** Coverage of the intervals. */
  readonly level: number;
  readonly seed: number;
  /** Of each bootstrap and each test. */
  readonly draws: number;
}

/** Part of the mean gain that a cause has to explain. */
const leastShare = 0.1;

/** Of a measure, how good a response is by it. */
export const goods: Readonly<Record<Explanation['of'], (said: Said) => number>> = {
  toxicity: ({ sample }) => -sample.toxicity,
  reward: ({ sample }) => sample.reward,
};

/** A feature, prompt by prompt. */
interface Asked extends Sides {
  readonly feature: Change['feature'];
}

/**
 * A feature is a cause when it changed (by exchange of before and after, prompt by prompt) and the gain
 * goes with it (by permutation of the prompts), both at once, by Holm over all features and givens; and
 * when the causes before it do not explain what it explains. Between two policies that are the same the
 * first question is exact, whatever a prompt's draws were and however they regress to the mean.
 */
export function explain(
  cases: readonly Case[],
  of: Explanation['of'],
  options: ExplainOptions,
): Explanation {
  const good = goods[of];
  const { level, seed, alpha, draws } = options;
  const sides = sidesOf(cases, good);
  const least = leastChange(sides);
  const gains = sides.changes.map((x) => (Math.abs(x) < least ? 0 : x));
  const telling = tellingWordsOfOthers(cases, good);
  const asked = featuresOf(cases, { telling }).map(({ name, value }): Asked => {
    return { feature: name, ...sidesOf(cases, value) };
  });
  const [gain, ...differences] = pairedDifferences([sides, ...asked], {
    level,
    seed,
    resamples: draws,
  });
  const answers = asked.map((one, k) => answerOf(one, differences[k], { gains, options }));
  const givens = givensOf(cases, gains, { good, telling, seed, level, draws });
  const adjusted = holm([...answers, ...givens].map(({ pValue }) => pValue));
  const changes = answers.map(({ pValue: _, ...answer }, k) => {
    return { ...answer, adjusted: adjusted[k] };
  });
  return {
    of,
    gain,
    changes: told(asked, changes, { cases, gain, gains: sides.changes, good, options }),
    givens: givens.map(({ pValue: _, ...given }, k) => {
      const own = adjusted[answers.length + k];
      return { ...given, adjusted: own, found: own <= alpha };
    }),
  };
}

function answerOf(
  { feature, before, after, changes }: Asked,
  difference: PairedDifference,
  { gains, options }: { readonly gains: readonly number[]; readonly options: ExplainOptions },
): Tested<Omit<Change, 'role'>> {
  const { level, seed, alpha, draws: permutations } = options;
  // what did not change need not be asked whether the gain goes with it
  const goesWith =
    difference.pValue > alpha
      ? 0
      : associationP(midranks(changes), midranks(gains), { seed, permutations });
  return {
    feature,
    measure: { before: summarize(before), after: summarize(after), difference },
    correlation: rankCorrelation(changes, gains, level),
    pValue: Math.max(difference.pValue, goesWith),
  };
}

interface Telling {
  readonly cases: readonly Case[];
  readonly gain: PairedDifference;
  readonly gains: readonly number[];
  readonly good: (said: Said) => number;
  readonly options: ExplainOptions;
}

/** Causes first, in the order in which they were chosen; then what goes with the gain most. */
function told(
  asked: readonly Asked[],
  answers: readonly Omit<Change, 'role'>[],
  { cases, gain, gains, good, options }: Telling,
): Change[] {
  const way = Math.sign(gain.mean);
  const isThere = gain.pValue < 1 - gain.level;
  const found = answers.map(({ adjusted }) => isThere && adjusted <= options.alpha);
  /** Whether what it did and what it goes with have the sign of the gain. */
  const helps = answers.map(
    ({ measure, correlation }) => measure.difference.mean * correlation.rho * way > 0,
  );
  const candidates = asked.flatMap((_, k) => (found[k] && helps[k] ? [k] : []));
  const columns = candidates.map((k) => asked[k].changes);
  const chosen = chooseCauses(columns, gains, options);
  const parts = sharesOf(
    chosen.map((c) => columns[c]),
    gains,
    options,
  );
  const named = parts.flatMap(({ mean }, k) => (mean >= leastShare ? [k] : []));
  const [causes, shares] = [named.map((k) => candidates[chosen[k]]), named.map((k) => parts[k])];
  const most = gainedMost(gains.map((x) => x * way));
  const telling = tellingWords(cases, good);
  const changes = answers.map((answer, k): Change => {
    if (!found[k]) return { ...answer, role: 'none' };
    if (!helps[k]) return { ...answer, role: 'against' };
    const direction = Math.sign(answer.correlation.rho) * way;
    const place = causes.indexOf(k);
    return {
      ...answer,
      role: place < 0 ? 'alongside' : 'cause',
      ...(place >= 0 && { share: shares[place] }),
      ...countsOf(asked[k].changes, { direction, most }),
      ...wordsOfMost(answer.feature, { cases, most, telling, fewer: direction < 0 }),
    };
  });
  const others = changes
    .filter((_, k) => !causes.includes(k))
    .sort((a, b) => Math.abs(b.correlation.rho) - Math.abs(a.correlation.rho));
  return [...causes.map((k) => changes[k]), ...others];
}
