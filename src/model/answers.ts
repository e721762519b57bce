/** Scores of responses that were just made, from what an encoder said of their queries: nothing is read twice. */
import type { Session, State } from '../runtime/engine.ts';
import { type Precision, widthStep } from '../runtime/traits.ts';
import { float32, type Tensor } from '../tensor.ts';
import { distinct, joinRows, rowReader, scoringFeeds, sequenceOf, splitRows } from './batch.ts';
import { sequenceGroups } from './budgets.ts';
import type { Generation } from './decoding.ts';

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
  readonly precision: Precision;
  readonly rowsPerRun?: number | undefined;
  readonly parameters: State;
}

/** What a session of `answerGraph` says of responses, in their order: as `Policy.score`, to the bit. */
export async function scoreAnswers(
  session: Session,
  answers: readonly Answer[],
  { temperature, precision, rowsPerRun, parameters, ...sizes }: ScoringJob,
): Promise<NonNullable<Generation['scored']>[]> {
  const sequences = answers.map(({ read, response, startId, truncated, valueBehind }) =>
    // the label behind the end is never scored: any id will do
    sequenceOf(read, truncated && valueBehind ? [...response, startId] : response, startId),
  );
  const scored: NonNullable<Generation['scored']>[] = [];
  for (const group of sequenceGroups(sizes, sequences, rowsPerRun)) {
    const rows = group.map((i) => sequences[i]);
    const { sourceIds, sourceSlots, sourcePlaces, sourceMask, ...feeds } = scoringFeeds(rows, {
      temperature,
      step: widthStep(precision),
    });
    const { first } = distinct(rows.map(({ query }) => query));
    const states = first.map((row) => answers[group[row]].states);
    const results = await session.run({ ...feeds, states: together(states, sizes) }, parameters);
    const [logprobs, values] = ['logprobs', 'values'].map(rowReader(results, rows));
    group.forEach((i, row) => {
      const { length } = answers[i].response;
      scored[i] = { logprobs: logprobs[row].subarray(0, length), values: values[row] };
    });
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
