import { InputError } from '../errors.ts';
import type { Note } from '../events.ts';
import { type ClassifierConfig, familyOf } from '../family/families.ts';
import { mostTokens, positionIds } from '../family/positions.ts';
import { gradients } from '../graph/autodiff.ts';
import { Graph, type Value } from '../graph/graph.ts';
import { mul, neg, sub } from '../graph/ops/elementwise.ts';
import { gatherElements } from '../graph/ops/gather.ts';
import { reduceSum, reshape } from '../graph/ops/shape.ts';
import { logSumExp } from '../graph/ops/softmax.ts';
import { packingInputs } from '../nn/rows.ts';
import { rootScope, type ScopeOptions } from '../nn/scope.ts';
import type { Engine, Session } from '../runtime/engine.ts';
import type { Feeds } from '../runtime/feeds.ts';
import { gathered, inOrder } from '../runtime/lanes.ts';
import { widthStep } from '../runtime/traits.ts';
import type { WeightSource } from '../runtime/weight-source.ts';
import { float32, int64, type Numbers, type Tensor } from '../tensor.ts';
import { groupBySize, packedFeeds } from './batch.ts';
import { unknownLabel } from './label.ts';
import { type Parameters, parametersOn } from './parameters.ts';
import { probabilities, sigmoid } from './softmax.ts';

/** What makes up a classifier, as far as its graph is concerned. */
export interface ClassifierShape extends ScopeOptions {
  readonly config: ClassifierConfig;
}

/** What a classifier is made of. */
export interface ClassifierOptions extends ClassifierShape {
  readonly engine: Engine;
  readonly weights?: WeightSource | undefined;
  /** Values of everything that can change; none when the classifier only judges. */
  readonly tensors?: Map<string, Tensor<'float32'>>;
  /** What was found in its files that a user would want to know. @default none */
  readonly notes?: readonly Note[];
}

/** Elements of the hidden states of one run: 2,048 padded tokens of RoBERTa-base. */
export const judgeBudget = 2048 * 768;

/** A sequence classifier: logits and probabilities by label name. */
export class Classifier {
  readonly config: ClassifierConfig;
  readonly parameters: Parameters;
  readonly notes: readonly Note[];
  readonly #options: ClassifierOptions;
  readonly #sessions = new Map<'scoring' | 'training', Promise<Session>>();

  private constructor(options: ClassifierOptions, parameters: Parameters) {
    this.#options = options;
    this.config = options.config;
    this.notes = options.notes ?? [];
    this.parameters = parameters;
  }

  /** A classifier on an engine; graphs are compiled at their first use. */
  static async create(options: ClassifierOptions): Promise<Classifier> {
    return new Classifier(
      options,
      await parametersOn(options.engine, options.tensors ?? new Map()),
    );
  }

  /** Calls that can be under way at the same time. */
  get lanes(): number {
    return this.#options.engine.lanes;
  }

  /**
   * Logits of each row of ids: [labels] each, in the order of the config's labels.
   * @param segments of each id, of pairs of texts. @default all 0
   */
  async logits(
    rows: readonly (readonly number[])[],
    segments?: readonly (readonly number[])[],
  ): Promise<Float32Array[]> {
    const session = await this.#session('scoring');
    const width = this.config.labels.length;
    const groups = textGroups(this.config, rows, this.#options.engine.rowsPerRun);
    const parts = inOrder(this.#options.engine, groups, async (group) => {
      const part = group.map((i) => rows[i]);
      const own = familyOf(this.config).hasSegments(this.config) && {
        segments: int64(group.flatMap((i) => segments?.[i] ?? rows[i].map(() => 0))),
      };
      const feeds = { ...this.#feeds(part), ...own };
      const { logits } = await session.run(feeds, this.parameters.state);
      const all = logits.data as Float32Array;
      return group.map((_, place) => all.slice(place * width, (place + 1) * width));
    });
    return gathered(groups, parts);
  }

  /**
   * Cross-entropy of the label of each row, averaged, and its gradients.
   * @param weights of the rows in the sum; by default they make it the mean
   */
  async gradient(
    rows: readonly (readonly number[])[],
    labels: readonly number[],
    weights: readonly number[] = rows.map(() => 1 / rows.length),
  ): Promise<{ loss: number; gradients: Map<string, Tensor<'float32'>> }> {
    const session = await this.#session('training');
    const feeds = {
      ...this.#feeds(rows),
      labels: int64(labels, [rows.length, 1]),
      weights: float32(Float32Array.from(weights)),
    };
    const results = await session.run(feeds, this.parameters.state);
    const gradients = new Map<string, Tensor<'float32'>>();
    for (const name of this.parameters.tensors.keys()) {
      gradients.set(name, results[`gradient.${name}`] as Tensor<'float32'>);
    }
    return { loss: Number(results.loss.data[0]), gradients };
  }

  /**
   * What transformers' text-classification pipeline tells of each label: the softmax of the logits;
   * their sigmoids where each label is true or false by itself; of a regression the numbers.
   */
  scores(logits: Numbers): number[] {
    const { head } = this.config;
    if (head === 'regression') return Array.from(logits);
    return head === 'multi' ? Array.from(logits, sigmoid) : probabilities(logits);
  }

  /** Place of a label in the logits. @throws {ConfigError} naming the labels there are */
  labelIndex(label: string): number {
    const { labels } = this.config;
    const index = labels.indexOf(label);
    if (index < 0) throw unknownLabel('label', label, labels);
    return index;
  }

  /** The most tokens of a text, special ones included. */
  get maxTokens(): number {
    return mostTokens(this.config);
  }

  /** Closes the compiled graphs; the engine stays. */
  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).close();
    this.#sessions.clear();
    await this.parameters.close();
  }

  #feeds(rows: readonly (readonly number[])[]): Feeds {
    const { config } = this;
    // padding may have a position of its own
    const counts = (id: number) =>
      familyOf(config).firstPosition(config) === 0 || id !== config.padId;
    const longest = Math.max(...rows.map((row) => row.filter(counts).length));
    const most = this.maxTokens;
    if (longest > most) {
      const expected = `at most ${most} tokens`;
      throw new InputError('classifier', expected, `${longest}`, 'Truncate the text.');
    }
    const positions = int64(rows.flatMap((row) => positionIds(row, config)));
    const step = widthStep(this.#options.engine.precision);
    return { ...packedFeeds('text', rows, { step }), positions };
  }

  #session(name: 'scoring' | 'training'): Promise<Session> {
    const known = this.#sessions.get(name);
    if (known) return known;
    const { engine, weights } = this.#options;
    const { graph } = classifierGraph(this.#options, name === 'training');
    const session = engine.compile(graph, {
      name: `classifier ${name}`,
      ...(weights && { weights }),
    });
    this.#sessions.set(name, session);
    session.catch(() => this.#sessions.delete(name)); // a later call may try again
    return session;
  }
}

/**
 * Texts in groups that fit one run, by their indices: of similar length, the shortest first.
 * @param most of a group. @default as many as fit
 */
export function textGroups(
  { hidden }: Pick<ClassifierConfig, 'hidden'>,
  rows: readonly (readonly number[])[],
  most?: number,
): number[][] {
  const lengths = rows.map((row) => row.length);
  return groupBySize(lengths, Math.floor(judgeBudget / hidden), most);
}

/** Packed texts and positions -> logits; with labels int64 [batch, 1] and weights [batch] also the loss. */
export function classifierGraph(
  shape: ClassifierShape,
  train: boolean,
): { graph: Graph; parameters: Map<string, Value>; linears: Set<string> } {
  const graph = new Graph();
  const { scope, parameters, linears } = rootScope(graph, shape);
  // what learns reads single texts
  const { config } = shape;
  const family = familyOf(config);
  const segments =
    !train && family.hasSegments(config)
      ? { segments: graph.input('segments', 'int64', ['tokens']) }
      : {};
  const logits = family.forward(scope, config, {
    ids: graph.input('textIds', 'int64', ['tokens']),
    positions: graph.input('positions', 'int64', ['tokens']),
    ...segments,
    packing: packingInputs(graph, 'text', { batch: 'batch', time: 'time', tokens: 'tokens' }),
  });
  graph.output('logits', logits);
  if (!train) return { graph, parameters, linears };
  const labels = graph.input('labels', 'int64', ['batch', 1]);
  const weights = graph.input('weights', 'float32', ['batch']);
  const chosen = reshape(gatherElements(logits, labels), ['batch']);
  const loss = neg(reduceSum(mul(weights, sub(chosen, logSumExp(logits)))));
  graph.output('loss', loss);
  const parts = gradients(loss, [...parameters.values()]);
  [...parameters.keys()].forEach((name, i) => {
    graph.output(`gradient.${name}`, parts[i]);
  });
  return { graph, parameters, linears };
}
