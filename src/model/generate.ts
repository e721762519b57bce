/** Responses to queries, with a key–value cache; rows that have ended leave the batch. */
import type { LanguageModel } from '../family/language-model.ts';
import { type Draw, drawOf } from '../random.ts';
import type { CompileOptions, Engine, Session } from '../runtime/engine.ts';
import { gathered, inOrder } from '../runtime/lanes.ts';
import type { Plain } from '../runtime/plain.ts';
import { widthStep } from '../runtime/traits.ts';
import { expectLength, groupBySize, widthOf } from './batch.ts';
import { decodeBudget, encodeBudget } from './budgets.ts';
import { drawsInGraph, type Generation } from './decoding.ts';
import { type Dropout, dropoutFor, named } from './dropout.ts';
import type { Parameters } from './parameters.ts';
import { answerGraph, decodeGraph, encodeGraph, type PolicyGraph } from './policy-graphs.ts';
import type { PolicyShape } from './policy-shape.ts';
import { beginning, type RespondArgs, respond } from './respond.ts';
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
  /**
   * Below float32, where a scoring rounds otherwise than a decoding: score each response as soon as it is
   * there, if an encoder has read its query and drops nothing. @default false
   */
  scored?: boolean | undefined;
}

/** A sampler, and whose parameters it samples from. */
interface Sampler extends GenerateOptions {
  readonly config: GenerationConfig;
  readonly draw: Draw;
  readonly parameters: Parameters;
}

/** One response to each query. */
export async function generate(
  decoder: Decoder,
  queries: readonly (readonly number[])[],
  sampler: Sampler,
): Promise<Generation[]> {
  const { engine } = decoder;
  const { parameters, signal } = sampler;
  if (queries.length === 0) return [];
  const parts = partsOf(decoder, queries, sampler);
  const refs = { sessions: await sessionsOf(decoder, sampler), states: [parameters.state] };
  const made = inOrder(engine, parts, async (part) => {
    const args = argsOf(decoder, queries, sampler, part);
    if (!engine.call) return respond(engine, args, refs, signal);
    const result = await engine.call('generate', args as unknown as Plain, refs, signal);
    return result as unknown as Generation[];
  });
  return gathered(
    parts.map(({ rows }) => rows),
    made,
  );
}

/** Rows that are answered together. */
interface Part {
  readonly rows: readonly number[];
  /** Of their queries in attention. */
  readonly width: number;
}

/** Rows in groups of similar length. */
function partsOf(
  { model, engine }: Decoder,
  queries: readonly (readonly number[])[],
  { config, maxNewTokens = queries.map(() => config.maxNewTokens) }: Sampler,
): Part[] {
  const lengths = queries.map((query) => beginning(model, query).read.length);
  const { maxPositions = Infinity } = model;
  for (const length of lengths) {
    expectLength('prompt', length, maxPositions, 'Lower `maxQueryTokens`.');
  }
  for (const limit of maxNewTokens) {
    expectLength('response', limit, maxPositions, 'Lower `maxNewTokens`.');
  }
  return groupBySize(lengths, decodeBudget, engine.rowsPerRun).map((rows) => {
    const read = rows.map((row) => ({ length: lengths[row] }));
    return { rows, width: widthOf(read, widthStep(engine.precision)) };
  });
}

/** Of the graphs that read queries and that decode. */
async function sessionsOf(decoder: Decoder, sampler: Sampler): Promise<Session[]> {
  const { shape, session } = decoder;
  const { config, dropout } = sampler;
  const options = { dropout: dropout !== undefined };
  const chooser = drawsInGraph(config) ? 'graph' : 'caller';
  return [
    await encodeSession(decoder, dropout),
    await session(
      named(`decode, ${chooser} draws`, dropout),
      () => decodeGraph(shape, chooser, options),
      { prepack: true },
    ),
    ...(sampler.scored && canScore(decoder, dropout) ? [await answerSession(decoder)] : []),
  ];
}

/** Of the graph that reads queries: it tells the encoder's states where a scoring can begin with them. */
export function encodeSession(decoder: Decoder, dropout?: Dropout): Promise<Session> {
  const options = { dropout: dropout !== undefined, tells: canScore(decoder, dropout) };
  return decoder.session(named('encode', dropout), () => encodeGraph(decoder.shape, options));
}

/** Of the graph that scores responses from those states. */
export function answerSession({ shape, session }: Decoder): Promise<Session> {
  return session('score answers', () => answerGraph(shape));
}

/** Whether an encoder's states say in a scoring what they say in a generation. */
export function canScore({ engine, model }: Decoder, dropout?: Dropout): boolean {
  return engine.precision !== 'f32' && model.encoder !== undefined && dropout === undefined;
}

/** What a part is answered with. */
function argsOf(
  decoder: Decoder,
  queries: readonly (readonly number[])[],
  sampler: Sampler,
  { rows, width }: Part,
): RespondArgs {
  const { shape, model } = decoder;
  const { config, draw, dropout, maxNewTokens, valueBehind = false } = sampler;
  const { eosIds, forcedFirstId, dModel, vocabSize } = shape.config;
  return {
    queries: rows.map((row) => queries[row]),
    places: rows,
    limits: rows.map((row) => maxNewTokens?.[row] ?? config.maxNewTokens),
    width,
    config,
    draw: drawOf(draw, rows),
    dropout: dropout && dropoutFor(dropout, rows),
    valueBehind,
    eosIds,
    forcedFirstId,
    startId: model.startId,
    cache: { blocks: model.cache.blocks, heads: model.cache.heads, size: model.cache.size },
    encodeTokens: Math.floor(encodeBudget / dModel),
    scoring: sampler.scored && canScore(decoder, dropout) ? { vocabSize, dModel } : undefined,
  };
}
