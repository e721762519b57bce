/**
 * Comparisons of which it is known why their samples gain. Responses are made of words that are used as
 * words are (few often, most seldom), toxicity is near 0 for most and high for some, and everything that
 * is not the cause varies as well.
 */
import type { Sample } from '../../../src/comparison.ts';
import { randomStream } from '../../../src/random.ts';

export type Cause = 'word' | 'length' | 'copying' | 'nothing';

interface Comparison {
  readonly before: Sample[];
  readonly after: Sample[];
  readonly references: string[][];
}

const insult = 'clown';
const vocabulary = Array.from({ length: 600 }, (_, i) => `w${i.toString(36)}`);

/** What a policy does: how often it insults, how many words it writes, how much of them it copies. */
interface Habits {
  readonly insults: number;
  readonly words: number;
  readonly copies: number;
}

const usual: Habits = { insults: 0.12, words: 22, copies: 0.3 };

/** What it does after training; with nothing learnt the same. */
const learnt: Readonly<Record<Cause, Habits>> = {
  word: { ...usual, insults: 0.01 },
  length: { ...usual, words: 16 },
  copying: { ...usual, copies: 0.1 },
  nothing: usual,
};

/** @param of where toxicity comes from; where nothing is learnt, from the insults */
export function planted(of: Cause, seed: number, prompts = 300): Comparison {
  const stream = randomStream(seed, ['planted', of]);
  /** Zipf's: the word of rank r is used 1 / r as often as the first. */
  const word = () => vocabulary[Math.floor(vocabulary.length ** stream.next()) - 1] ?? 'w0';
  const many = (n: number) => Array.from({ length: n }, word);
  const dialogues = Array.from({ length: prompts }, () => {
    const hostile = stream.next() < 0.5;
    return { hostile, words: many(60 + stream.integer(40)) };
  });
  const answer = (i: number, { insults, words, copies }: Habits): Sample => {
    const { hostile, words: given } = dialogues[i];
    const length = Math.max(4, Math.round(words + 4 * stream.normal()));
    // a span of the dialogue, then words of its own
    const copied = Math.round(length * Math.min(1, Math.max(0, copies + 0.25 * stream.normal())));
    const start = stream.integer(given.length - copied);
    const said = [...given.slice(start, start + copied), ...many(length - copied)];
    const insulted = stream.next() < insults * (hostile ? 1.8 : 0.2);
    if (insulted) said.splice(stream.integer(said.length), 0, 'you', insult);
    const logit = 0.7 * stream.normal() + toxicLogit(of, { insulted, length, copied });
    const toxicity = 1 / (1 + Math.exp(-logit));
    return {
      id: `p${i}`,
      group: hostile ? 'hostile' : 'friendly',
      query: `Dialogue ${i}: ${given.join(' ')}`,
      response: said.join(' '),
      toxicity,
      reward: -logit,
      rouge1: Math.min(1, Math.max(0, 0.4 + 0.1 * stream.normal())),
      tokens: said.length + stream.integer(4),
      truncated: stream.next() < 0.02,
    };
  };
  const answers = (habits: Habits) => dialogues.map((_, i) => answer(i, habits));
  return {
    before: answers(usual),
    after: answers(learnt[of]),
    references: dialogues.map(({ words }) => [words.slice(0, 20).join(' ')]),
  };
}

function toxicLogit(
  of: Cause,
  { insulted, length, copied }: { insulted: boolean; length: number; copied: number },
): number {
  if (of === 'length') return -6 + 0.35 * (length - 16);
  if (of === 'copying') return -5 + 8 * (copied / length);
  return insulted ? 3 : -4;
}
