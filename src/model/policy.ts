import { InternalError, ShapeError } from '../errors.ts';
import type { T5Config } from '../family/config.ts';
import type { CompileOptions, Engine, Session, WeightLocation } from '../runtime/engine.ts';
import type { Precision } from '../runtime/traits.ts';
import { float32, type Tensor } from '../tensor.ts';
import {
  groupBySize,
  joinRows,
  partsOf,
  queryFeeds,
  type Sequence,
  scoringFeeds,
  splitRows,
} from './batch.ts';
import {
  checked,
  chosenTokens,
  type DecodingJob,
  type Draw,
  drawingFeeds,
  drawnTokens,
  drawsInGraph,
  GrowingResponse,
  idFeeds,
} from './decoding.ts';
import { type Dropout, type Half, rateFeeds } from './dropout.ts';
import { type Parameters, parametersOn } from './parameters.ts';
import {
  cache,
  decodeGraph,
  eachCache,
  encodeGraph,
  gradientGraph,
  type Loss,
  logitsGraph,
  type PolicyGraph,
  type PolicyShape,
  scoreGraph,
} from './policy-graphs.ts';
import type { GenerationConfig } from './sampling.ts';

/** One generated response. */
export interface Generation {
  /** Token ids without the decoder start; ends with an end-of-sequence token unless truncated. */
  readonly response: number[];
  /** The length limit came before the end of the sequence. */
  readonly truncated: boolean;
  /** What a scoring at the sampler's temperature says of the response, up to rounding: [tokens]. */
  readonly logprobs: Float32Array;
  /** [tokens]; one more, behind the end, where a truncated response was asked for it. */
  readonly values: Float32Array;
}

/** What the policy says of the labels of one sequence: each [labels]. */
export interface TokenScores {
  readonly logprobs: Float32Array;
  readonly values: Float32Array;
  readonly entropies: Float32Array;
}

/** A loss, its gradients by parameter name, and the scores that it was made from. */
export interface GradientResult {
  readonly loss: number;
  readonly gradients: Map<string, Tensor<'float32'>>;
  readonly scores: TokenScores[];
}

/** What a policy is made of. */
export interface PolicyOptions extends PolicyShape {
  readonly engine: Engine;
  /** Where the frozen weights lie; none are needed when every parameter can change. */
  readonly weights?: ((name: string) => WeightLocation) | undefined;
  /** Values of everything that can change. */
  readonly tensors: Map<string, Tensor<'float32'>>;
}

/** Padded source tokens of rows that are decoded together. */
export const decodeBudget = 8192;
/**
 * Elements of the hidden states of one run that encodes, or scores: more is hardly faster, and takes
 * more memory. 1,024 and 2,048 tokens of FLAN-T5-base.
 */
export const encodeBudget = 1024 * 768;
export const scoreBudget = 2048 * 768;
/** Scored logits of one run. */
export const logitBudget = 16e6;
/** Bytes of weights that a decoding session may keep for itself while others train: a second's loading. */
export const ownLimit = 256e6;
/** Rows leave the decoding batch once this share of it has finished. */
const leaveShare = 0.25;

/** A T5 that generates, scores and learns; without dropout, but where a call asks for it. */
export class Policy {
  readonly shape: PolicyShape;
  readonly parameters: Parameters;
  /** In which its engine multiplies. */
  readonly precision: Precision;
  readonly #options: PolicyOptions;
  readonly #sessions = new Map<string, Promise<Session>>();

  private constructor(options: PolicyOptions, parameters: Parameters) {
    this.#options = options;
    this.shape = options;
    this.parameters = parameters;
    this.precision = options.engine.precision;
  }

  /** @throws {ShapeError} when a parameter is missing or has another shape than the model needs */
  static async create(options: PolicyOptions): Promise<Policy> {
    checkParameters(options);
    return new Policy(options, await parametersOn(options.engine, options.tensors));
  }

  /** Logprobs, values and entropies of the tokens of given sequences, in their order. */
  async score(
    sequences: readonly Sequence[],
    { parameters = this.parameters, temperature = 1 }: ScoreOptions = {},
  ): Promise<TokenScores[]> {
    const session = await this.#session('score', () => scoreGraph(this.shape));
    const scores = new Array<TokenScores>(sequences.length);
    for (const group of sequenceGroups(this.shape.config, sequences)) {
      const rows = group.map((i) => sequences[i]);
      const feeds = scoringFeeds(rows, temperature);
      const parts = tokenScores(await session.run(feeds, parameters.state), rows);
      group.forEach((i, place) => {
        scores[i] = parts[place];
      });
    }
    return scores;
  }

  /** Logits at each position of one sequence: [labels, vocabulary]. */
  async logits(
    sequence: Sequence,
    { parameters = this.parameters, temperature = 1 }: ScoreOptions = {},
  ): Promise<Tensor<'float32'>> {
    const session = await this.#session('logits', () => logitsGraph(this.shape));
    const feeds = scoringFeeds([sequence], temperature);
    const { logits } = await session.run(feeds, parameters.state);
    return logits as Tensor<'float32'>;
  }

  /**
   * A loss over the scored tokens, and its gradients.
   * @param inputs the loss's inputs, one row of [labels] for each sequence
   */
  async gradient(
    loss: Loss,
    sequences: readonly Sequence[],
    inputs: Readonly<Record<string, readonly Float32Array[]>>,
    { temperature = 1, dropout }: GradientOptions = {},
  ): Promise<GradientResult> {
    await this.#leaveDecoding();
    const build = () => gradientGraph(this.shape, loss, { dropout: dropout !== undefined });
    const keepsMemory = this.shape.gradientCheckpointing === true;
    const name = named(`gradient ${loss.name}`, dropout);
    const session = await this.#session(name, build, { keepsMemory });
    const feeds: Record<string, Tensor> = {
      ...scoringFeeds(sequences, temperature, dropout),
    };
    for (const name of loss.inputs) feeds[name] = float32(joinRows(inputs[name]));
    const results = await session.run(feeds, this.parameters.state);
    const gradients = new Map<string, Tensor<'float32'>>();
    for (const name of this.parameters.tensors.keys()) {
      gradients.set(name, results[`gradient.${name}`] as Tensor<'float32'>);
    }
    const scores = tokenScores(results, sequences);
    return { loss: Number(results.loss.data[0]), gradients, scores };
  }

  /**
   * Responses to queries, with a key–value cache; finished rows leave the batch.
   * @throws {NumericError} when the logits are not finite, naming response and token
   */
  async generate(
    queries: readonly (readonly number[])[],
    config: GenerationConfig,
    draw: Draw,
    {
      parameters = this.parameters,
      maxNewTokens,
      valueBehind = false,
      signal,
      dropout,
    }: GenerateOptions = {},
  ): Promise<Generation[]> {
    const generations = new Array<Generation>(queries.length);
    const lengths = queries.map((query) => query.length);
    const { eosIds, decoderStartId } = this.shape.config;
    for (const group of groupBySize(lengths, decodeBudget)) {
      const responses = group.map((row) => {
        const limit = maxNewTokens?.[row] ?? config.maxNewTokens;
        return new GrowingResponse(row, { limit, eosIds, decoderStartId, valueBehind });
      });
      const state = await this.#options.engine.state();
      try {
        const rows = group.map((row) => queries[row]);
        const steps = Math.max(...responses.map(({ limit }) => limit));
        const draws = dropout && {
          ...dropout,
          draw: (half: Half, place: number, token: number) =>
            dropout.draw(half, group[place], token),
        };
        await this.#encode(rows, { parameters, state, dropout: draws }, steps);
        const job = { state, queries, config, draw, parameters, signal, dropout };
        await this.#decode(responses, job);
      } finally {
        await state.close();
      }
      for (const response of responses) generations[response.row] = response.done();
    }
    return generations;
  }

  /** Closes the compiled graphs; the engine stays. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).close();
    this.#sessions.clear();
    await this.parameters.close();
  }

  /** Fills the caches of a decoding: cross-attention of the queries, no past. */
  async #encode(
    queries: readonly (readonly number[])[],
    { parameters, state, dropout }: Pick<DecodingJob, 'parameters' | 'state' | 'dropout'>,
    steps: number,
  ): Promise<void> {
    const { heads, dKv, dModel } = this.shape.config;
    const build = () => encodeGraph(this.shape, { dropout: dropout !== undefined });
    const session = await this.#session(named('encode', dropout), build);
    const batch = queries.length;
    await state.reserve(eachCache(this.shape, { past: 1 + steps, cross: batch }));
    const unused = float32(new Float32Array(batch * heads * dKv), [1, batch, heads, dKv]);
    const pasts = Object.values(cache('past', this.shape.config));
    await state.write(Object.fromEntries(pasts.map((name) => [name, unused])));
    const width = Math.max(...queries.map((query) => query.length));
    let first = 0;
    for (const part of partsOf(queries, encodeBudget / dModel)) {
      const start = first;
      const noise =
        dropout && ((row: number, token: number) => dropout.draw('encoder', start + row, token));
      const feeds = { ...queryFeeds(part, { width, noise }), ...(dropout && rateFeeds(dropout)) };
      await session.run(feeds, parameters.state, state);
      first += part.length;
    }
  }

  async #decode(responses: readonly GrowingResponse[], job: DecodingJob): Promise<void> {
    const { state, parameters, config, signal, dropout } = job;
    const chooser = drawsInGraph(config) ? 'graph' : 'caller';
    const build = () => decodeGraph(this.shape, chooser, { dropout: dropout !== undefined });
    const name = named(`decode, ${chooser} draws`, dropout);
    const session = await this.#session(name, build, { prepack: true });
    // rows of the engine's caches, in order; those that have finished stay until they are dropped
    let rows = responses;
    let open = rows.filter((row) => row.isOpen);
    while (open.length > 0) {
      signal?.throwIfAborted();
      if (open.length <= rows.length * (1 - leaveShare)) {
        const kept = rows.flatMap((row, place) => (row.isOpen ? [place] : []));
        await state.select(eachCache(this.shape, { past: 1, cross: 0 }), kept);
        rows = open;
      }
      const feeds = chooser === 'graph' ? drawingFeeds(rows, job) : idFeeds(rows, job);
      const results = await session.run(feeds, parameters.state, state);
      const choose = chooser === 'graph' ? drawnTokens(results) : chosenTokens(results, job);
      rows.forEach((row, place) => {
        if (!row.isOpen) return;
        const value = (results.values.data as Float32Array)[place];
        if (row.isFull) row.end(value);
        else row.add(checked(choose(row, place), row, job), value);
      });
      open = rows.filter((row) => row.isOpen);
    }
  }

  /** Closes sessions with large copies of weights: training needs the memory, and has none of its own. */
  async #leaveDecoding(): Promise<void> {
    for (const [name, opened] of this.#sessions) {
      const session = await opened;
      if (session.ownBytes < ownLimit) continue;
      this.#sessions.delete(name);
      await session.close();
    }
  }

  #session(
    name: string,
    build: () => PolicyGraph,
    options: Pick<CompileOptions, 'prepack' | 'keepsMemory'> = {},
  ): Promise<Session> {
    const known = this.#sessions.get(name);
    if (known) return known;
    const { engine, weights } = this.#options;
    const { graph, append } = build();
    const session = engine.compile(graph, {
      name,
      append,
      ...options,
      ...(weights && { weights }),
    });
    this.#sessions.set(name, session);
    session.catch(() => this.#sessions.delete(name)); // a later call may try again
    return session;
  }
}

/** Sequences in groups that fit one run, by their indices: of similar length, the shortest first. */
export function sequenceGroups(
  { vocabSize, dModel }: Pick<T5Config, 'vocabSize' | 'dModel'>,
  sequences: readonly Sequence[],
): number[][] {
  const budget = Math.floor(scoreBudget / dModel);
  // one size for both limits, in units of source tokens
  const sizes = sequences.map(({ query, labels }) =>
    Math.max(query.length, (labels.length * vocabSize * budget) / logitBudget),
  );
  return groupBySize(sizes, budget);
}

/** How given responses are scored. */
export interface ScoreOptions {
  /** Other values of the parameters: a reference. @default the policy's own */
  parameters?: Parameters;
  /** @default 1 */
  temperature?: number;
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

/** How a gradient is computed. */
export interface GradientOptions {
  /** @default 1 */
  temperature?: number;
  /** `row` counts the sequences. @default none */
  dropout?: Dropout | undefined;
}

/** A session's name: graphs with dropout are others. */
function named(name: string, dropout: Dropout | undefined): string {
  return dropout ? `${name}, with dropout` : name;
}

function tokenScores(
  results: Record<string, Tensor>,
  sequences: readonly Sequence[],
): TokenScores[] {
  const lengths = sequences.map(({ labels }) => labels.length);
  const rows = (name: string) => splitRows(results[name].data as Float32Array, lengths);
  const [logprobs, values, entropies] = ['logprobs', 'values', 'entropies'].map(rows);
  return lengths.map((_, i) => ({
    logprobs: logprobs[i],
    values: values[i],
    entropies: entropies[i],
  }));
}

/** Names and shapes of everything that can change, as the graphs need it. */
function parameterShapes(shape: PolicyShape): Map<string, readonly number[]> {
  const { parameters } = scoreGraph(shape);
  return new Map(
    [...parameters].map(([name, { shape: dims }]) => [name, dims as readonly number[]]),
  );
}

function checkParameters({ tensors, ...shape }: PolicyOptions): void {
  const needed = parameterShapes(shape);
  for (const [name, dims] of needed) {
    const tensor = tensors.get(name);
    if (!tensor) throw new ShapeError('policy', `parameter "${name}" [${dims}]`, 'none');
    if (String(tensor.shape) !== String(dims)) {
      const remedy = 'Was it trained on another base model?';
      throw new ShapeError(name, `[${dims}]`, `[${tensor.shape}]`, remedy);
    }
  }
  const extra = [...tensors.keys()].find((name) => !needed.has(name));
  if (extra) throw new InternalError(`policy: parameter "${extra}" is not part of the model`);
}
