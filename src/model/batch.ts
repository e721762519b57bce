import { InputError, ShapeError } from '../errors.ts';
import type { Feeds } from '../runtime/feeds.ts';
import { float32, int64, type Tensor } from '../tensor.ts';
import { type Dropout, noiseFor, noiseOf, rateFeeds } from './dropout.ts';

/**
 * What is read whole, and a response to be scored behind it: a prompt and what an encoder–decoder answers;
 * of a model without an encoder one stream, cut before the first id that something is foretold from.
 */
export interface Sequence {
  /** Ids that every position sees. */
  readonly query: readonly number[];
  /** Ids of which position t sees those up to t. */
  readonly inputs: readonly number[];
  /** The id that is scored at each position: as many as inputs. */
  readonly labels: readonly number[];
}

/** A response as it is learnt: shifted right by the id that it begins from, each of its ids scored. */
export function sequenceOf(
  query: readonly number[],
  response: readonly number[],
  startId: number,
): Sequence {
  return { query, inputs: [startId, ...response.slice(0, -1)], labels: response };
}

/** @throws {InputError} where a model has fewer positions than a text has tokens */
export function expectLength(what: string, tokens: number, most: number, remedy: string): void {
  if (tokens <= most) return;
  throw new InputError(what, `at most ${most} tokens, the model's positions`, `${tokens}`, remedy);
}

/**
 * Rows one behind the other, and where each id stands in [batch, time]: inputs `<name>Ids`,
 * `<name>Slots`, `<name>Places` and `<name>Mask` of a graph (`Packing` in nn/rows.ts says more).
 */
export function packedFeeds(
  name: string,
  rows: readonly (readonly number[])[],
  { step, width = widthOf(rows, step), noise }: PackingOptions = {},
): Feeds {
  const starts = startsOf(rows);
  const { slots, mask } = slotsOf(rows, starts, width);
  return {
    [`${name}Ids`]: int64(rows.flat()),
    [`${name}Slots`]: slots,
    [`${name}Places`]: int64(rows.flatMap((row, b) => row.map((_, t) => b * width + t))),
    [`${name}Mask`]: mask,
    ...(noise && {
      [`${name}Noise`]: noiseOf(rows.flatMap((row, b) => row.map((_, t) => noise(b, t)))),
    }),
  };
}

/** How rows are packed. */
interface PackingOptions {
  /** In attention. @default `widthOf` the rows */
  readonly width?: number | undefined;
  /** Of which widths are multiples. @default 1 */
  readonly step?: number | undefined;
  /** What dropout follows from, for a token of a row: `<name>Noise`. @default no such input */
  readonly noise?: ((row: number, token: number) => number) | undefined;
}

/**
 * Queries for an encoder, padded to a width in attention alone, each different one once, and for the
 * decoder's rows that read them: `source…` as `packedFeeds` has it, `crossSlots` and `crossMask` [batch, source], `crossPlaces` and
 * `crossReal` [tokens, readers].
 * @throws {InputError} when a query is empty
 */
export function queryFeeds(
  queries: readonly (readonly number[])[],
  { step, width = widthOf(queries, step), noise }: PackingOptions = {},
): Feeds {
  const empty = queries.findIndex(({ length }) => length === 0);
  if (empty >= 0) throw new InputError(`query ${empty}`, 'at least one token', 'none');
  const whole = queries.map((_, b) => b);
  // dropout is each one's own
  const { first, promptOf } = noise ? { first: whole, promptOf: whole } : distinct(queries);
  const prompts = first.map((b) => queries[b]);
  const starts = startsOf(prompts);
  const readers = prompts.map((_, i) => promptOf.flatMap((prompt, b) => (prompt === i ? [b] : [])));
  const most = Math.max(...readers.map((rows) => rows.length));
  const nth = Array.from({ length: most }, (_, n) => n);
  const perToken = (element: (rows: readonly number[], n: number, t: number) => number) =>
    prompts.flatMap((row, i) => row.flatMap((_, t) => nth.map((n) => element(readers[i], n, t))));
  const shape = [prompts.reduce((sum, row) => sum + row.length, 0), most];
  const cross = slotsOf(
    queries,
    promptOf.map((prompt) => starts[prompt]),
    width,
  );
  return {
    ...packedFeeds('source', prompts, {
      width,
      noise,
    }),
    crossSlots: cross.slots,
    crossMask: cross.mask,
    crossPlaces: int64(
      perToken((rows, n, t) => (rows[n] ?? rows[0]) * width + t),
      shape,
    ),
    crossReal: float32(
      perToken((rows, n) => Number(n < rows.length)),
      shape,
    ),
  };
}

/** Where each different query stands first, and for each query which of those it is. */
export function distinct(queries: readonly (readonly number[])[]): {
  first: number[];
  promptOf: number[];
} {
  const places = new Map<string, number>();
  const first: number[] = [];
  const promptOf = queries.map((query, b) => {
    const key = query.join();
    const place = places.get(key) ?? first.push(b) - 1;
    places.set(key, place);
    return place;
  });
  return { first, promptOf };
}

/** Places of a row in attention: those of the longest one, in whole steps. */
export function widthOf(rows: readonly { readonly length: number }[], step = 1): number {
  return Math.ceil(Math.max(...rows.map(({ length }) => length)) / step) * step;
}

/** Where each row begins when they stand one behind the other. */
function startsOf(rows: readonly (readonly number[])[]): number[] {
  let start = 0;
  return rows.map((row) => {
    start += row.length;
    return start - row.length;
  });
}

/** The token at each place of [batch, time] (token 0 where there is padding), and what is none. */
function slotsOf(
  rows: readonly (readonly number[])[],
  starts: readonly number[],
  width: number,
): { slots: Tensor; mask: Tensor } {
  const shape = [rows.length, width];
  const slots = new BigInt64Array(rows.length * width);
  const mask = new Float32Array(rows.length * width);
  rows.forEach((row, b) => {
    for (let t = 0; t < row.length; t++) slots[b * width + t] = BigInt(starts[b] + t);
    mask.fill(1, b * width, b * width + row.length);
  });
  return { slots: { dtype: 'int64', shape, data: slots }, mask: float32(mask, shape) };
}

/** How a graph scores. */
interface ScoringOptions extends Pick<PackingOptions, 'step'> {
  readonly temperature: number;
  /** Of a graph that drops. */
  readonly dropout?: Dropout | undefined;
}

/**
 * Inputs of a graph that scores responses, every position of every sequence.
 * @throws {ShapeError} when a sequence has not one label for each input
 */
export function scoringFeeds(
  sequences: readonly Sequence[],
  { temperature, dropout, step }: ScoringOptions,
): Feeds {
  for (const { inputs, labels } of sequences) {
    if (inputs.length === labels.length) continue;
    throw new ShapeError('sequence', `labels [${inputs.length}]`, `[${labels.length}]`);
  }
  return {
    ...queryFeeds(
      sequences.map(({ query }) => query),
      { step, noise: dropout && ((row, token) => noiseFor(dropout, 'encoder', row, token)) },
    ),
    ...packedFeeds(
      'target',
      sequences.map(({ inputs }) => inputs),
      { step, noise: dropout && ((row, token) => noiseFor(dropout, 'decoder', row, token)) },
    ),
    ...(dropout && rateFeeds(dropout)),
    labels: int64(sequences.flatMap(({ labels }) => labels)),
    inverseTemperature: float32([1 / temperature], []),
  };
}

/** Cuts a flat list into rows of the given lengths. */
export function splitRows(flat: Float32Array, lengths: readonly number[]): Float32Array[] {
  let start = 0;
  return lengths.map((length) => {
    start += length;
    return flat.slice(start - length, start);
  });
}

/** What a run gives, by the names of its outputs. */
export type Results = Readonly<Record<string, Tensor>>;

/** Reads an output: one row for each sequence. */
export function rowReader(
  results: Results,
  sequences: readonly Sequence[],
): (name: string) => Float32Array[] {
  const lengths = sequences.map(({ labels }) => labels.length);
  return (name) => splitRows(results[name].data as Float32Array, lengths);
}

/** One after another. */
export function joinRows(rows: readonly Float32Array[]): Float32Array {
  const joined = new Float32Array(rows.reduce((sum, row) => sum + row.length, 0));
  let start = 0;
  for (const row of rows) {
    joined.set(row, start);
    start += row.length;
  }
  return joined;
}

/**
 * Groups items of similar size so that padding wastes little and a group fits the budget: its
 * largest size times its number of items is at most that, unless one item alone is more. As few
 * groups as can be, and then as equal ones: a small one would be slow.
 * @param most items of a group. @default as many as fit
 * @returns indices of the items, group by group
 */
export function groupBySize(sizes: readonly number[], budget: number, most = Infinity): number[][] {
  const order = sizes.map((_, i) => i).sort((a, b) => sizes[a] - sizes[b] || a - b);
  const groupsOf = (limit: number) => groupsInOrder(order, sizes, { budget: limit, most });
  let groups = groupsOf(budget);
  for (let [low, high] = [1, budget]; low < high; ) {
    const middle = (low + high) >> 1;
    const tighter = groupsOf(middle);
    if (tighter.length > groups.length) low = middle + 1;
    else [groups, high] = [tighter, middle];
  }
  return groups;
}

/** Groups in the given order, each as large as the budget lets it be. */
function groupsInOrder(
  order: readonly number[],
  sizes: readonly number[],
  { budget, most }: { budget: number; most: number },
): number[][] {
  const groups: number[][] = [];
  for (const index of order) {
    const last = groups.at(-1);
    const fits = last && last.length < most && (last.length + 1) * sizes[index] <= budget;
    if (fits) last.push(index);
    else groups.push([index]);
  }
  return groups;
}

/** Rows in their order, in parts of at most so many tokens, unless one row alone is more. */
export function partsOf<T extends readonly unknown[]>(rows: readonly T[], budget: number): T[][] {
  const parts: T[][] = [];
  let tokens = 0;
  for (const row of rows) {
    tokens += row.length;
    const last = parts.at(-1);
    if (last && tokens <= budget) last.push(row);
    else {
      parts.push([row]);
      tokens = row.length;
    }
  }
  return parts;
}
