/** What is kept of each response of a step. Pure. */
import type { RolloutRow, RolloutTokens } from '../rollouts.ts';
import type { SeenStep } from './collect.ts';
import type { RlStep } from './learner.ts';
import { maskedMean, maskedSum } from './masked.ts';
import { shortestRow } from './shortest.ts';

/** What the rows cannot know by themselves. */
interface RowWords {
  /** Under which the text of each rollout's query is kept. */
  readonly queries: readonly string[];
  /** What the tokens of each response read as, [tokens] at least. */
  readonly texts: readonly (readonly string[])[];
}

/** What was met of a row in an update; missing of one that it never came to. */
interface Met {
  /** At the first meeting. */
  readonly entropies: Float32Array;
  /** At the last. */
  readonly ratios: Float32Array;
}

/** A row a response, in the order of the batch, with all that was computed of its tokens. */
export function rolloutRows({ step, rollouts, answer, learnt }: SeenStep, words: RowWords) {
  const met = metRows(learnt.trained);
  const parts = Object.entries(answer.parts ?? {});
  return rollouts.map(({ query, text }, i): RolloutRow => {
    const { tokens: length, truncated } = learnt.samples[i];
    const mean = meanOf(learnt.masks[i]);
    const { critic } = learnt;
    const entropies = met.get(i)?.entropies;
    return {
      step,
      row: i,
      id: query.id,
      query: words.queries[i],
      response: text,
      ...{ length, truncated, score: learnt.scores[i] },
      ...(parts.length > 0 && {
        parts: Object.fromEntries(parts.map(([name, numbers]) => [name, numbers[i]])),
      }),
      kl: learnt.klDist[i],
      logprob: maskedSum([learnt.logprobs[i]], [learnt.masks[i]]),
      refLogprob: maskedSum([learnt.refLogprobs[i]], [learnt.masks[i]]),
      advantage: mean(learnt.advantages[i]),
      ...(critic && { value: mean(critic.values[i]), return: mean(critic.returns[i]) }),
      ...(entropies && { entropy: mean(entropies) }),
      tokens: tokensOf(i, { learnt, met: met.get(i), texts: words.texts[i] }),
    };
  });
}

/** Ids of the tokens of each response, the end included. */
export function responseIds({ samples }: Pick<RlStep, 'samples'>): number[][] {
  return samples.map(({ sequence, tokens }) => sequence.labels.slice(0, tokens));
}

interface Tokens {
  readonly learnt: RlStep;
  readonly met: Met | undefined;
  readonly texts: readonly string[];
}

/** Without the place behind a truncated response, which is valued and never scored. */
function tokensOf(i: number, { learnt, met, texts }: Tokens): RolloutTokens {
  const { samples, masks, critic } = learnt;
  const { sequence, tokens: length } = samples[i];
  const numbers = (row: ArrayLike<number>) => shortestRow(row, length);
  const mask = numbers(masks[i]);
  return {
    ids: sequence.labels.slice(0, length),
    texts: texts.slice(0, length),
    ...(mask.includes(0) && { mask }),
    logprobs: numbers(learnt.logprobs[i]),
    refLogprobs: numbers(learnt.refLogprobs[i]),
    kls: numbers(learnt.kls[i]),
    advantages: numbers(learnt.advantages[i]),
    ...(critic && { values: numbers(critic.values[i]), returns: numbers(critic.returns[i]) }),
    ...(met && { entropies: numbers(met.entropies), ratios: numbers(met.ratios) }),
  };
}

function metRows(trained: RlStep['trained']): Map<number, Met> {
  const met = new Map<number, Met>();
  for (const { rows, ratios, entropies } of trained) {
    rows.forEach((row, i) => {
      met.set(row, { entropies: met.get(row)?.entropies ?? entropies[i], ratios: ratios[i] });
    });
  }
  return met;
}

function meanOf(mask: Float32Array) {
  return (row: Float32Array) => maskedMean([row], [mask]);
}
