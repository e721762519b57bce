import { InternalError, ShapeError } from '../errors.ts';
import { familyOf } from '../family/families.ts';
import type { Draw } from '../random.ts';
import type { CompileOptions, Engine, Session } from '../runtime/engine.ts';
import { gathered, inOrder } from '../runtime/lanes.ts';
import { type Precision, widthStep } from '../runtime/traits.ts';
import type { WeightSource } from '../runtime/weight-source.ts';
import { float32, type Tensor } from '../tensor.ts';
import { scoreInParts, type TokenScores, tokenScores } from './answers.ts';
import {
  expectLength,
  joinRows,
  type Results,
  rowReader,
  type Sequence,
  scoringFeeds,
  sequenceOf,
} from './batch.ts';
import { ownLimit, sequenceGroups } from './budgets.ts';
import type { Generation } from './decoding.ts';
import { type Dropout, named } from './dropout.ts';
import {
  answerSession,
  canScore,
  type Decoder,
  encodeSession,
  type GenerateOptions,
  generate,
} from './generate.ts';
import { type Parameters, parametersOn } from './parameters.ts';
import {
  gradientGraph,
  type Loss,
  logitsGraph,
  type PolicyGraph,
  scoreGraph,
  termPrefix,
} from './policy-graphs.ts';
import type { PolicyShape } from './policy-shape.ts';
import { beginning } from './respond.ts';
import type { GenerationConfig } from './sampling.ts';

export type { TokenScores };

/** A loss, its gradients by parameter name, and the scores that it was made from. */
export interface GradientResult {
  readonly loss: number;
  /** By name, what the loss says of itself: one row of [labels] for each sequence. */
  readonly terms: Readonly<Record<string, Float32Array[]>>;
  readonly gradients: Map<string, Tensor<'float32'>>;
  readonly scores: TokenScores[];
}

/** What a policy is made of. */
export interface PolicyOptions extends PolicyShape {
  readonly engine: Engine;
  /** The frozen weights; none are needed when every parameter can change. */
  readonly weights?: WeightSource | undefined;
  /** Values of everything that can change. */
  readonly tensors: Map<string, Tensor<'float32'>>;
}

/** A language model that generates, scores and learns; without dropout, but where a call asks for it. */
export class Policy {
  readonly shape: PolicyShape;
  readonly parameters: Parameters;
  /** In which its engine multiplies. */
  readonly precision: Precision;
  readonly #options: PolicyOptions;
  readonly #decoder: Decoder;
  readonly #sessions = new Map<string, Promise<Session>>();
  /** Generations under way. */
  #generating = 0;

  private constructor(options: PolicyOptions, parameters: Parameters) {
    this.#options = options;
    this.#decoder = {
      engine: options.engine,
      shape: options,
      model: familyOf(options.config).languageModel(options.config),
      session: (name, build, how) => this.#session(name, build, how),
    };
    this.shape = options;
    this.parameters = parameters;
    this.precision = options.engine.precision;
  }

  /** @throws {ShapeError} when a parameter is missing or has another shape than the model needs */
  static async create(options: PolicyOptions): Promise<Policy> {
    checkParameters(options);
    return new Policy(options, await parametersOn(options.engine, options.tensors));
  }

  /** Calls that can be under way at the same time. */
  get lanes(): number {
    return this.#options.engine.lanes;
  }

  /** Whether generation goes on elsewhere while something else is computed. */
  get samplesElsewhere(): boolean {
    return this.#options.engine.call !== undefined;
  }

  /** Of which widths in attention are multiples. */
  get #step(): number {
    return widthStep(this.precision);
  }

  /** What stands between a prompt and a response, and belongs to neither. */
  get startIds(): readonly number[] {
    const { startId } = this.#decoder.model;
    return startId === undefined ? [] : [startId];
  }

  /** Whether generation settings say what the first token of every response is. */
  get forcesFirst(): boolean {
    return this.shape.config.forcedFirstId !== undefined;
  }

  /** A response to a query, as it is scored and learnt from: each of its ids. */
  sequence(query: readonly number[], response: readonly number[]): Sequence {
    const { read, startId } = beginning(this.#decoder.model, query);
    return sequenceOf(read, response, startId);
  }

  /** Logprobs, values and entropies of the tokens of given sequences, in their order. */
  async score(
    sequences: readonly Sequence[],
    { parameters = this.parameters, temperature = 1 }: ScoreOptions = {},
  ): Promise<TokenScores[]> {
    this.#refuseLong(sequences);
    const { engine } = this.#options;
    if (!engine.call && canScore(this.#decoder)) {
      const sessions = [
        await encodeSession(this.#decoder),
        await answerSession(this.#decoder),
      ] as const;
      const { vocabSize, dModel } = this.shape.config;
      const job = { vocabSize, dModel, temperature, parameters: parameters.state };
      return scoreInParts(engine, sessions, sequences, job);
    }
    const session = await this.#session('score', () => scoreGraph(this.shape));
    const groups = sequenceGroups(this.shape.config, sequences, engine.rowsPerRun);
    const parts = inOrder(engine, groups, async (group) => {
      const rows = group.map((i) => sequences[i]);
      return tokenScores(
        await session.run(scoringFeeds(rows, { temperature, step: this.#step }), parameters.state),
        rows,
      );
    });
    return gathered(groups, parts);
  }

  /** Logits at each position of one sequence: [labels, vocabulary]. */
  async logits(
    sequence: Sequence,
    { parameters = this.parameters, temperature = 1 }: ScoreOptions = {},
  ): Promise<Tensor<'float32'>> {
    const session = await this.#session('logits', () => logitsGraph(this.shape));
    this.#refuseLong([sequence]);
    const feeds = scoringFeeds([sequence], { temperature, step: this.#step });
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
    { parameters = this.parameters, temperature = 1, dropout }: GradientOptions = {},
  ): Promise<GradientResult> {
    this.#refuseLong(sequences);
    await this.leaveDecoding();
    const build = () => gradientGraph(this.shape, loss, { dropout: dropout !== undefined });
    const keepsMemory = this.shape.gradientCheckpointing === true;
    const name = named(`gradient ${loss.name}`, dropout);
    const session = await this.#session(name, build, { keepsMemory, needsRoom: true });
    const feeds: Record<string, Tensor> = {
      ...scoringFeeds(sequences, { temperature, dropout, step: this.#step }),
    };
    for (const name of loss.inputs) feeds[name] = float32(joinRows(inputs[name]));
    const results = await session.run(feeds, parameters.state);
    const names = [...this.parameters.tensors.keys()];
    const gradients = new Map(
      names.map((name) => [name, results[`gradient.${name}`] as Tensor<'float32'>]),
    );
    const [scores, terms] = [tokenScores(results, sequences), termRows(results, sequences)];
    return { loss: Number(results.loss.data[0]), terms, gradients, scores };
  }

  /**
   * Responses to queries, with a key–value cache; finished rows leave the batch.
   * @throws {NumericError} when the logits are not finite, naming response and token
   */
  async generate(
    queries: readonly (readonly number[])[],
    config: GenerationConfig,
    draw: Draw,
    options: GenerateOptions = {},
  ): Promise<Generation[]> {
    const { parameters } = this;
    this.#generating++;
    try {
      return await generate(this.#decoder, queries, { config, draw, parameters, ...options });
    } finally {
      this.#generating--;
    }
  }

  /**
   * Closes sessions that have a large copy of weights for decoding alone: what comes next needs the
   * memory. The next generation opens them again.
   */
  async leaveDecoding(): Promise<void> {
    if (this.#generating > 0) return; // by somebody who still needs them
    for (const [name, opened] of this.#sessions) {
      const session = await opened;
      if (session.ownBytes < ownLimit) continue;
      if (this.#sessions.delete(name)) await session.close();
    }
  }

  /** Closes the compiled graphs; the engine stays. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).close();
    this.#sessions.clear();
    await this.parameters.close();
  }

  /** @throws {InputError} where the model has not as many positions as a sequence has tokens */
  #refuseLong(sequences: readonly Pick<Sequence, 'query' | 'inputs'>[]): void {
    const { maxPositions = Infinity } = this.#decoder.model;
    for (const { query, inputs } of sequences) {
      expectLength('prompt', query.length, maxPositions, 'Lower `maxQueryTokens`.');
      expectLength('response', inputs.length, maxPositions, 'Cut it.');
    }
  }

  #session(
    name: string,
    build: () => PolicyGraph,
    options: Pick<CompileOptions, 'prepack' | 'keepsMemory' | 'needsRoom'> = {},
  ): Promise<Session> {
    const known = this.#sessions.get(name);
    if (known) return known;
    const { engine, weights } = this.#options;
    const { graph, append, cached } = build();
    const session = engine.compile(graph, {
      name,
      append,
      cached,
      ...options,
      ...(weights && { weights }),
    });
    this.#sessions.set(name, session);
    session.catch(() => this.#sessions.delete(name)); // a later call may try again
    return session;
  }
}

/** How given responses are scored. */
export interface ScoreOptions {
  /** Other values of the parameters: a reference. @default the policy's own */
  parameters?: Parameters;
  /** @default 1 */
  temperature?: number;
}

/** How a gradient is computed. */
export interface GradientOptions extends ScoreOptions {
  /** `row` counts the sequences. @default none */
  dropout?: Dropout | undefined;
}

/** The terms of a loss, by their own names. */
function termRows(results: Results, sequences: readonly Sequence[]) {
  const names = Object.keys(results).filter((name) => name.startsWith(termPrefix));
  const rows = rowReader(results, sequences);
  return Object.fromEntries(names.map((name) => [name.slice(termPrefix.length), rows(name)]));
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
