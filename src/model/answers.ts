/** Scores of responses from what an encoder said of their queries, by sessions that sampling has as well. */
import type { Engine, Session, State } from '../runtime/engine.ts';
import { widthStep } from '../runtime/traits.ts';
import { float32, type Tensor } from '../tensor.ts';
import {
  distinct,
  joinRows,
  partsOf,
  queryFeeds,
  type Results,
  rowReader,
  type Sequence,
  scoringFeeds,
  sequenceOf,
  splitRows,
} from './batch.ts';
import { encodeBudget, sequenceGroups } from './budgets.ts';
import type { Generation } from './decoding.ts';

/** What the policy says of the labels of one sequence: each [labels]. */
export interface TokenScores {
  readonly logprobs: Float32Array;
  readonly values: Float32Array;
  readonly entropies: Float32Array;
}

/** Scores as a run tells them of its rows. */
export function tokenScores(results: Results, sequences: readonly Sequence[]): TokenScores[] {
  const [logprobs, values, entropies] = ['logprobs', 'values', 'entropies'].map(
    rowReader(results, sequences),
  );
  return logprobs.map((row, i) => ({ logprobs: row, values: values[i], entropies: entropies[i] }));
}

/** A response, and what its query was to the encoder. */
interface Answer extends Pick<Generation, 'response' | 'truncated'> {
  readonly read: readonly number[];
  readonly startId: number;
  /** [query, width] */
  readonly states: Float32Array;
  /** One value more behind a truncated response. */
  readonly valueBehind: boolean;
}

interface ScoringJob {
  readonly vocabSize: number;
  readonly dModel: number;
  readonly temperature: number;
  readonly parameters: State;
}

type Sizes = Pick<Engine, 'precision' | 'rowsPerRun'>;

/** What a session of `answerGraph` says of responses that were just made, in their order: as `Policy.score`, to the bit. */
export async function scoreAnswers(
  engine: Sizes,
  session: Session,
  answers: readonly Answer[],
  job: ScoringJob,
): Promise<NonNullable<Generation['scored']>[]> {
  const sequences = answers.map(({ read, response, startId, truncated, valueBehind }) =>
    // the label behind the end is never scored: any id will do
    sequenceOf(read, truncated && valueBehind ? [...response, startId] : response, startId),
  );
  const states = answers.map((answer) => answer.states);
  const scores = await scoreBehind(engine, session, { sequences, states }, job);
  return scores.map(({ logprobs, values }, i) => {
    return { logprobs: logprobs.subarray(0, answers[i].response.length), values };
  });
}

/**
 * Scores of any sequences by a session that reads queries and one of `answerGraph`, where a third one, for the whole,
 * would have all weights once more. The caches that the first one fills are given up.
 */
export async function scoreInParts(
  engine: Engine,
  [encoding, scoring]: readonly [Session, Session],
  sequences: readonly Sequence[],
  job: ScoringJob,
): Promise<TokenScores[]> {
  const { first, promptOf } = distinct(sequences.map(({ query }) => query));
  const order = first.map((_, i) => i);
  const lengthOf = (prompt: number) => sequences[first[prompt]].query.length;
  order.sort((a, b) => lengthOf(a) - lengthOf(b));
  const prompts = order.map((prompt) => sequences[first[prompt]].query);
  const read: Float32Array[] = [];
  for (const part of partsOf(prompts, Math.floor(encodeBudget / job.dModel))) {
    const caches = await engine.state();
    try {
      const feeds = queryFeeds(part, { step: widthStep(engine.precision) });
      const { states } = await encoding.run(feeds, job.parameters, caches);
      read.push(...statesOf(states, part));
    } finally {
      await caches.close();
    }
  }
  const states = promptOf.map((prompt) => read[order.indexOf(prompt)]);
  return scoreBehind(engine, scoring, { sequences, states }, job);
}

/** @param read sequences, and what the encoder says of their queries: [query, width] */
async function scoreBehind(
  { precision, rowsPerRun }: Sizes,
  session: Session,
  read: { readonly sequences: readonly Sequence[]; readonly states: readonly Float32Array[] },
  { temperature, parameters, ...sizes }: ScoringJob,
): Promise<TokenScores[]> {
  const scored: TokenScores[] = [];
  for (const group of sequenceGroups(sizes, read.sequences, rowsPerRun)) {
    const rows = group.map((i) => read.sequences[i]);
    const { sourceIds, sourceSlots, sourcePlaces, sourceMask, ...feeds } = scoringFeeds(rows, {
      temperature,
      step: widthStep(precision),
    });
    const { first } = distinct(rows.map(({ query }) => query));
    const states = together(
      first.map((row) => read.states[group[row]]),
      sizes,
    );
    const scores = tokenScores(await session.run({ ...feeds, states }, parameters), rows);
    for (const [row, i] of group.entries()) scored[i] = scores[row];
  }
  return scored;
}

/** What an encoder says of each query: states [tokens of the different ones, width], in their order. */
export function statesOf(
  { data, shape }: Tensor,
  queries: readonly (readonly number[])[],
): Float32Array[] {
  const { first, promptOf } = distinct(queries);
  const lengths = first.map((row) => queries[row].length * shape[1]);
  const states = splitRows(data as Float32Array, lengths);
  return promptOf.map((prompt) => states[prompt]);
}

function together(states: readonly Float32Array[], { dModel }: Pick<ScoringJob, 'dModel'>): Tensor {
  const all = joinRows(states);
  return float32(all, [all.length / dModel, dModel]);
}
