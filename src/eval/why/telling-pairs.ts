/** The pairs of responses that show best what happened, chosen over all samples. Pure. */
import type { Change, TellingPair, Why } from '../../explanation.ts';
import { type Case, leastChange, type Said, sidesOf } from './cases.ts';
import { type FeatureParts, featuresOf } from './features.ts';

/** Pairs of each kind, and of them those that lost or gained the same words. */
const [mostPairs, mostAlike] = [10, 3];
/** Common words of two responses, over all of theirs, from which they say the same. */
const sameText = 0.6;

interface Candidate {
  readonly before: Said;
  readonly after: Said;
  readonly one: Case;
  readonly place: number;
  readonly gain: number;
  /** Harmful words on one side alone. */
  readonly words: readonly string[];
  readonly worth: number;
}

/**
 * Those with the largest gain of toxicity, and with the largest loss. Of equals the pair is more telling
 * whose two responses are otherwise alike, for it shows what made the difference. No two say the same,
 * and no words are shown more than three times while there are others.
 * @param found what is to be shown
 */
export function tellingPairs(
  cases: readonly Case[],
  parts: FeatureParts,
  found: readonly Change[],
): Why['telling'] {
  const candidates = cases.flatMap((one, place) =>
    one.before.map((before, i) => candidateOf({ one, place, before, after: one.after[i] }, parts)),
  );
  const features = featuresOf(cases, parts);
  const pair = ({ place, before, after, gain, words }: Candidate): TellingPair => {
    const shows = found.filter(({ feature, correlation }) => {
      const { value } = features.find(({ name }) => name === feature)!;
      const change = value(after, place) - value(before, place);
      return change * correlation.rho * gain > 0;
    });
    const { id, sample, group, query } = before.sample;
    const [rougeBefore, rougeAfter] = [before.sample.rouge1, after.sample.rouge1];
    return {
      id,
      ...(sample !== undefined && { sample }),
      ...(group !== undefined && { group }),
      query,
      before: before.sample.response,
      after: after.sample.response,
      gain,
      toxicity: [before.sample.toxicity, after.sample.toxicity],
      reward: [before.sample.reward, after.sample.reward],
      ...(rougeBefore !== undefined &&
        rougeAfter !== undefined && { rouge1: [rougeBefore, rougeAfter] }),
      shows: shows.map(({ feature }) => feature),
      words,
    };
  };
  const least = leastChange(sidesOf(cases, ({ sample }) => sample.toxicity));
  const side = (sign: number) =>
    varied(candidates.filter(({ gain }) => gain * sign > least)).map(pair);
  return { gained: side(1), lost: side(-1) };
}

function candidateOf(
  pair: Pick<Candidate, 'one' | 'place' | 'before' | 'after'>,
  { telling }: FeatureParts,
): Candidate {
  const { before, after, place } = pair;
  const { harmful } = telling[place];
  const [had, has] = [new Set(before.words), new Set(after.words)];
  const gain = before.sample.toxicity - after.sample.toxicity;
  const [there, gone] = gain > 0 ? [had, has] : [has, had];
  const words = [...there].filter((word) => harmful.has(word) && !gone.has(word));
  return { ...pair, gain, words, worth: Math.abs(gain) * (1 + likeness(had, has)) };
}

/** The best first; what is too much like one before it waits until nothing else comes near the largest. */
function varied(candidates: readonly Candidate[]): Candidate[] {
  const sorted = candidates.toSorted((a, b) => b.worth - a.worth || a.place - b.place);
  const chosen: Candidate[] = [];
  const isNew = ({ before, after, words }: Candidate) =>
    chosen.every(
      (other) => likeness(textOf(other), new Set([...before.words, ...after.words])) < sameText,
    ) && chosen.filter((other) => other.words.join() === words.join()).length < mostAlike;
  const largest = sorted.reduce((most, { gain }) => Math.max(most, Math.abs(gain)), 0);
  for (const one of sorted.filter(({ gain }) => Math.abs(gain) >= largest / 2)) {
    if (chosen.length === mostPairs) return chosen;
    if (isNew(one)) chosen.push(one);
  }
  const rest = sorted.filter((one) => !chosen.includes(one));
  return [...chosen, ...rest.slice(0, mostPairs - chosen.length)];
}

function textOf({ before, after }: Candidate): Set<string> {
  return new Set([...before.words, ...after.words]);
}

/** Common words over all words of two, 0 to 1. */
function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const all = new Set([...one, ...other]);
  const common = [...one].filter((word) => other.has(word)).length;
  return all.size === 0 ? 1 : common / all.size;
}
