/** Responses to queries, with a key–value cache; rows that have ended leave the batch. */
import type { LanguageModel } from '../family/language-model.ts';
import type { CompileOptions, Engine, Session, State } from '../runtime/engine.ts';
import { float32 } from '../tensor.ts';
import { expectLength, groupBySize, partsOf, queryFeeds } from './batch.ts';
import { decodeBudget, encodeBudget } from './budgets.ts';
import {
  type DecodingJob,
  type Draw,
  drawingFeeds,
  drawnTokens,
  drawsInGraph,
  finiteOnly,
  type Generation,
  GrowingResponse,
  idFeeds,
  sampledTokens,
} from './decoding.ts';
import { type Dropout, type Half, named, rateFeeds } from './dropout.ts';
import type { Parameters } from './parameters.ts';
import { cache, decodeGraph, eachCache, encodeGraph, type PolicyGraph } from './policy-graphs.ts';
import type { PolicyShape } from './policy-shape.ts';
import type { GenerationConfig } from './sampling.ts';

/** What generates: a policy, as far as decoding needs it. */
export interface Decoder {
  readonly engine: Engine;
  readonly shape: PolicyShape;
  readonly model: LanguageModel;
  /** The compiled graph of a name, which is built once. */
  session(
    name: string,
    build: () => PolicyGraph,
    options?: Pick<CompileOptions, 'prepack' | 'keepsMemory'>,
  ): Promise<Session>;
}

/** How responses are generated, apart from the sampler's settings. */
export interface GenerateOptions {
  /** @default the policy's own */
  parameters?: Parameters;
  /** Longest response of each row. @default the sampler's for all */
  maxNewTokens?: readonly number[] | undefined;
  /** Ask the value head what it expects behind a truncated response. @default false */
  valueBehind?: boolean | undefined;
  /** Checked before each token; an abort is thrown. */
  signal?: AbortSignal | undefined;
  /** `row` counts the queries. @default none */
  dropout?: Dropout | undefined;
}

/** A sampler, and whose parameters it samples from. */
interface Sampler extends GenerateOptions {
  readonly config: GenerationConfig;
  readonly draw: Draw;
  readonly parameters: Parameters;
}

/** Rows leave the decoding batch once this share of it has finished. */
const leaveShare = 0.25;

/** Where responses to a query begin: what is read of it before, and what the first step reads. */
export function beginning(
  { startId }: LanguageModel,
  query: readonly number[],
): { read: readonly number[]; startId: number } {
  if (startId !== undefined) return { read: query, startId };
  return { read: query.slice(0, -1), startId: query[query.length - 1] };
}

/** One response to each query. */
export async function generate(
  decoder: Decoder,
  queries: readonly (readonly number[])[],
  { config, draw, parameters, maxNewTokens, valueBehind = false, signal, dropout }: Sampler,
): Promise<Generation[]> {
  const generations = new Array<Generation>(queries.length);
  const begun = queries.map((query) => beginning(decoder.model, query));
  const lengths = begun.map(({ read }) => read.length);
  const { maxPositions = Infinity } = decoder.model;
  for (const length of lengths) {
    expectLength('prompt', length, maxPositions, 'Lower `maxQueryTokens`.');
  }
  const { eosIds, forcedFirstId } = decoder.shape.config;
  for (const group of groupBySize(lengths, decodeBudget)) {
    const responses = group.map((row) => {
      const limit = maxNewTokens?.[row] ?? config.maxNewTokens;
      const { startId } = begun[row];
      expectLength('response', limit, maxPositions, 'Lower `maxNewTokens`.');
      return new GrowingResponse(row, { limit, eosIds, startId, valueBehind });
    });
    const state = await decoder.engine.state();
    try {
      const rows = group.map((row) => begun[row].read);
      const steps = Math.max(...responses.map(({ limit }) => limit));
      const draws = dropout && {
        ...dropout,
        draw: (half: Half, place: number, token: number) => dropout.draw(half, group[place], token),
      };
      await fillCaches(decoder, rows, { parameters, state, dropout: draws, steps });
      const job = { state, queries, config, draw, parameters, signal, dropout, forcedFirstId };
      await decode(decoder, responses, job);
    } finally {
      await state.close();
    }
    for (const response of responses) generations[response.row] = response.done();
  }
  return generations;
}

/** What is read of the queries, and no past. */
async function fillCaches(
  { shape, model, session: sessionOf }: Decoder,
  queries: readonly (readonly number[])[],
  { parameters, state, dropout, steps }: Filling,
): Promise<void> {
  const { heads, size } = model.cache;
  const build = () => encodeGraph(shape, { dropout: dropout !== undefined });
  const session = await sessionOf(named('encode', dropout), build);
  const batch = queries.length;
  await state.reserve(eachCache(model.cache, { past: 1 + steps, cross: batch }));
  const unused = float32(new Float32Array(batch * heads * size), [1, batch, heads, size]);
  const pasts = Object.values(cache('past', model.cache));
  await state.write(Object.fromEntries(pasts.map((name) => [name, unused])));
  const width = Math.max(...queries.map((query) => query.length));
  let first = 0;
  for (const part of partsOf(queries, encodeBudget / shape.config.dModel)) {
    const start = first;
    const noise =
      dropout && ((row: number, token: number) => dropout.draw('encoder', start + row, token));
    const feeds = { ...queryFeeds(part, { width, noise }), ...(dropout && rateFeeds(dropout)) };
    await session.run(feeds, parameters.state, state);
    first += part.length;
  }
}

/** What caches are filled with. */
interface Filling {
  readonly parameters: Parameters;
  readonly state: State;
  readonly dropout: Dropout | undefined;
  /** Most that follow. */
  readonly steps: number;
}

async function decode(
  { shape, model, session: sessionOf }: Decoder,
  responses: readonly GrowingResponse[],
  job: DecodingJob,
): Promise<void> {
  const { state, parameters, config, signal, dropout } = job;
  const chooser = drawsInGraph(config) ? 'graph' : 'caller';
  const build = () => decodeGraph(shape, chooser, { dropout: dropout !== undefined });
  const name = named(`decode, ${chooser} draws`, dropout);
  const session = await sessionOf(name, build, { prepack: true });
  // rows of the engine's caches, in order; those that have finished stay until they are dropped
  let rows = responses;
  let unfinished = rows.filter((row) => row.isUnfinished);
  while (unfinished.length > 0) {
    signal?.throwIfAborted();
    if (unfinished.length <= rows.length * (1 - leaveShare)) {
      const kept = rows.flatMap((row, place) => (row.isUnfinished ? [place] : []));
      await state.select(eachCache(model.cache, { past: 1, cross: 0 }), kept);
      rows = unfinished;
    }
    const feeds = chooser === 'graph' ? drawingFeeds(rows, job) : idFeeds(rows, job);
    const results = await session.run(feeds, parameters.state, state);
    const choose = chooser === 'graph' ? drawnTokens(results) : sampledTokens(results, job);
    rows.forEach((row, place) => {
      if (!row.isUnfinished) return;
      const value = (results.values.data as Float32Array)[place];
      if (row.isFull) row.end(value);
      else row.add(finiteOnly(choose(row, place), row, job), value);
    });
    unfinished = rows.filter((row) => row.isUnfinished);
  }
}
