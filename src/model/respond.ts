/** The routine of generation: rows of queries that are answered together, by runs of two graphs. */
import { z } from 'zod';
import { InputError } from '../errors.ts';
import type { CacheShape } from '../family/language-model.ts';
import type { Draw } from '../random.ts';
import type { Engine, References, Session, State } from '../runtime/engine.ts';
import { float32 } from '../tensor.ts';
import { scoreAnswers, statesOf } from './answers.ts';
import { partsOf, queryFeeds } from './batch.ts';
import {
  type DecodingJob,
  drawingFeeds,
  drawnTokens,
  drawsInGraph,
  finiteOnly,
  type Generation,
  GrowingResponse,
  idFeeds,
  sampledTokens,
} from './decoding.ts';
import { type Dropout, noiseFor, rateFeeds } from './dropout.ts';
import { cache, eachCache } from './policy-graphs.ts';
import { drawnAt, GenerationConfig } from './sampling.ts';

/** What rows are answered with: plain data. Lists are of the rows, in their order. */
export interface RespondArgs {
  readonly queries: readonly (readonly number[])[];
  /** The number of each row, for messages. */
  readonly places: readonly number[];
  /** Most tokens of each response. */
  readonly limits: readonly number[];
  /** Of the queries in attention, at least the longest. */
  readonly width: number;
  readonly config: GenerationConfig;
  readonly draw: Draw;
  readonly dropout?: Dropout | undefined;
  /** One step more behind a truncated response, for its value alone. */
  readonly valueBehind: boolean;
  readonly eosIds: readonly number[];
  readonly forcedFirstId?: number | undefined;
  /** Where decoding begins. @default the query's last id */
  readonly startId?: number | undefined;
  readonly cache: CacheShape;
  /** Most tokens of a run that reads queries. */
  readonly encodeTokens: number;
  /** Sizes of the model, where responses are to be scored from what was read. @default they are not */
  readonly scoring?: { readonly vocabSize: number; readonly dModel: number } | undefined;
}

const count = z.int().nonnegative();
const ids = z.array(count);
const rate = z.number().min(0).lte(1);
const draw = z.strictObject({
  seed: count,
  key: z.array(z.union([z.string(), z.number()])),
  rows: ids.optional(),
  behind: z.array(z.union([z.string(), z.number()])).optional(),
});

/** Of arguments that came from elsewhere. */
const RespondArgs: z.ZodType<RespondArgs> = z
  .strictObject({
    queries: z.array(ids),
    places: ids,
    limits: ids,
    width: count,
    config: GenerationConfig,
    draw,
    dropout: z
      .strictObject({ rates: z.strictObject({ model: rate, adapter: rate }), draw })
      .optional(),
    valueBehind: z.boolean(),
    eosIds: ids,
    forcedFirstId: count.optional(),
    startId: count.optional(),
    cache: z.strictObject({ blocks: count, heads: count, size: count }),
    encodeTokens: z.int().positive(),
    scoring: z
      .strictObject({ vocabSize: z.int().positive(), dModel: z.int().positive() })
      .optional(),
  })
  .refine(({ queries, places, limits }) =>
    [places, limits].every((list) => list.length === queries.length),
  );

/** @throws {InputError} naming the first that is not as it must be */
export function respondArgs(args: unknown): RespondArgs {
  const { data, error } = RespondArgs.safeParse(args);
  if (data) return data;
  const [{ path, message }] = error.issues;
  throw new InputError(['generate', ...path.map(String)].join(': '), 'its arguments', message);
}

/** Where responses to a query begin: what is read of it before, and what the first step reads. */
export function beginning(
  { startId }: { readonly startId?: number | undefined },
  query: readonly number[],
): { read: readonly number[]; startId: number } {
  if (startId !== undefined) return { read: query, startId };
  return { read: query.slice(0, -1), startId: query[query.length - 1] };
}

/** Rows leave the decoding batch once this share of it has finished. */
const leaveShare = 0.25;

/**
 * One response to each query.
 * @param sessions of the graph that reads queries, of the one that decodes, and where responses are to be scored
 * of the one that does that
 * @param parameters what is sampled from
 */
export async function respond(
  engine: Engine,
  args: RespondArgs,
  { sessions: [encoding, decoding, scoring], states: [parameters] }: References,
  signal?: AbortSignal,
): Promise<Generation[]> {
  const { queries, limits, eosIds, valueBehind } = args;
  const begun = queries.map((query) => beginning(args, query));
  const responses = begun.map(({ startId }, row) => {
    return new GrowingResponse(row, { limit: limits[row], eosIds, startId, valueBehind });
  });
  const state = await engine.state();
  try {
    const job = { ...args, parameters, state, signal };
    const read = begun.map((row) => row.read);
    const states = await fillCaches(encoding, read, job);
    await decode(decoding, responses, job);
    const done = responses.map((response) => response.done());
    if (!args.scoring) return done;
    const how = { ...args.scoring, temperature: drawnAt(args.config), parameters };
    const rows = done.map((row, i) => ({ ...row, ...begun[i], states: states[i], valueBehind }));
    const scored = await scoreAnswers(engine, scoring, rows, how);
    return done.map((row, i) => ({ ...row, scored: scored[i] }));
  } finally {
    await state.close();
  }
}

type Job = RespondArgs & DecodingJob & { readonly parameters: State; readonly state: State };

/** What is read of the queries, and no past. @returns what the encoder says of each, where the graph tells it */
async function fillCaches(
  session: Session,
  queries: readonly (readonly number[])[],
  { parameters, state, dropout, limits, width, cache: shape, encodeTokens }: Job,
): Promise<Float32Array[]> {
  const { heads, size } = shape;
  const batch = queries.length;
  await state.reserve(eachCache(shape, { past: 1 + Math.max(...limits), cross: batch }));
  const unused = float32(new Float32Array(batch * heads * size), [1, batch, heads, size]);
  const pasts = Object.values(cache('past', shape));
  await state.write(Object.fromEntries(pasts.map((name) => [name, unused])));
  const states: Float32Array[] = [];
  let first = 0;
  for (const part of partsOf(queries, encodeTokens)) {
    const start = first;
    const noise =
      dropout && ((row: number, token: number) => noiseFor(dropout, 'encoder', start + row, token));
    const feeds = { ...queryFeeds(part, { width, noise }), ...(dropout && rateFeeds(dropout)) };
    const told = await session.run(feeds, parameters, state);
    if (told.states) states.push(...statesOf(told.states, part));
    first += part.length;
  }
  return states;
}

async function decode(
  session: Session,
  responses: readonly GrowingResponse[],
  job: Job,
): Promise<void> {
  const { state, parameters, config, signal } = job;
  const draws = drawsInGraph(config);
  // rows of the engine's caches, in order; those that have finished stay until they are dropped
  let rows = responses;
  let unfinished = rows.filter((row) => row.isUnfinished);
  while (unfinished.length > 0) {
    signal?.throwIfAborted();
    if (unfinished.length <= rows.length * (1 - leaveShare)) {
      const kept = rows.flatMap((row, place) => (row.isUnfinished ? [place] : []));
      await state.select(eachCache(job.cache, { past: 1, cross: 0 }), kept);
      rows = unfinished;
    }
    const feeds = draws ? drawingFeeds(rows, job) : idFeeds(rows, job);
    const results = await session.run(feeds, parameters, state);
    const choose = draws ? drawnTokens(results) : sampledTokens(results, job);
    rows.forEach((row, place) => {
      if (!row.isUnfinished) return;
      const value = (results.values.data as Float32Array)[place];
      if (row.isFull) row.end(value);
      else row.add(finiteOnly(choose(row, place), row, job), value);
    });
    unfinished = rows.filter((row) => row.isUnfinished);
  }
}
