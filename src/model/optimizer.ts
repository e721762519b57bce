import { InternalError } from '../errors.ts';
import { float32, type Tensor, type Tensors } from '../tensor.ts';

/** Settings of Adam, with torch's defaults. */
export interface AdamOptions {
  /** Step size; a call of `step` may give another one. */
  learningRate: number;
  /** @default [0.9, 0.999] */
  betas?: readonly [number, number];
  /** @default 1e-8 */
  eps?: number;
  /** @default 0 */
  weightDecay?: number;
  /** Decay the weights themselves (AdamW) instead of adding to the gradient (Adam). @default false */
  decoupled?: boolean;
}

/** First and second moments, and how often a step was taken, by parameter: all that Adam remembers. */
export interface AdamState {
  readonly steps: Map<string, number>;
  readonly first: Map<string, Tensor<'float32'>>;
  readonly second: Map<string, Tensor<'float32'>>;
}

/** Turns gradients into changes of parameters. */
export interface Optimizer {
  readonly state: AdamState;
  /**
   * Changes `parameters` in place, each with a learning rate of its own if wished.
   * @throws {InternalError} when one of them has no gradient
   */
  step(
    parameters: Tensors,
    gradients: Tensors,
    learningRate?: number | ((name: string) => number),
  ): void;
}

/**
 * Adam and AdamW, as torch.optim has them.
 * @see Kingma & Ba 2015, https://arxiv.org/abs/1412.6980; Loshchilov & Hutter 2019, https://arxiv.org/abs/1711.05101
 */
export function adam(options: AdamOptions, state: AdamState = emptyState()): Optimizer {
  const { betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0, decoupled = false } = options;
  const [beta1, beta2] = betas;
  return {
    state,
    step(parameters, gradients, rate = options.learningRate) {
      for (const [name, { data, shape }] of parameters) {
        const g = gradients.get(name)?.data;
        if (!g) throw new InternalError(`optimizer: no gradient for "${name}"`);
        const learningRate = typeof rate === 'number' ? rate : rate(name);
        const steps = (state.steps.get(name) ?? 0) + 1;
        state.steps.set(name, steps);
        const zeros = () => float32(new Float32Array(data.length), shape);
        const m = ensure(state.first, name, zeros).data;
        const v = ensure(state.second, name, zeros).data;
        change(data, g, m, v, {
          rate: learningRate / (1 - beta1 ** steps),
          correction: Math.sqrt(1 - beta2 ** steps),
          decay: decoupled ? Math.fround(1 - learningRate * weightDecay) : 1, // torch multiplies by a float32
          added: decoupled ? undefined : weightDecay,
          betas,
          eps,
        });
      }
    },
  };
}

/** Numbers of one step, for one parameter. */
interface Change {
  /** Learning rate by the first moment's correction. */
  readonly rate: number;
  /** Of the second moment's root. */
  readonly correction: number;
  readonly decay: number;
  /** How much of the parameter is added to its gradient, if any is. */
  readonly added: number | undefined;
  readonly betas: readonly [number, number];
  readonly eps: number;
}

/** Adam on one parameter: each element is read and written once, and rounded to float32 where it is kept. */
function change(
  p: Float32Array,
  g: Float32Array,
  m: Float32Array,
  v: Float32Array,
  { rate, correction, decay, added, betas: [beta1, beta2], eps }: Change,
): void {
  const [new1, new2] = [1 - beta1, 1 - beta2];
  const { length } = p;
  for (let i = 0; i < length; i++) {
    const gradient = added === undefined ? g[i] : g[i] + added * p[i];
    const first = Math.fround(beta1 * m[i] + new1 * gradient);
    const second = Math.fround(beta2 * v[i] + new2 * gradient * gradient);
    m[i] = first;
    v[i] = second;
    p[i] = Math.fround(p[i] * decay) - (rate * first) / (Math.sqrt(second) / correction + eps);
  }
}

/** What Adam remembers before its first step. */
export function emptyState(): AdamState {
  return { steps: new Map(), first: new Map(), second: new Map() };
}

function ensure<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** Euclidean norm of all gradients together. */
export function gradientNorm(gradients: Tensors): number {
  let sum = 0;
  for (const { data } of gradients.values()) sum = addSquares(sum, data);
  return Math.sqrt(sum);
}

/** By index: an iterator takes four times as long. */
function addSquares(sum: number, data: Float32Array): number {
  const { length } = data;
  for (let i = 0; i < length; i++) sum += data[i] * data[i];
  return sum;
}

/**
 * Scales all gradients in place so that their common norm is at most `maxNorm`
 * (torch.nn.utils.clip_grad_norm_).
 * @returns the norm before
 */
export function clipGradients(gradients: Tensors, maxNorm: number): number {
  const norm = gradientNorm(gradients);
  scaleGradients(gradients, Math.min(1, maxNorm / (norm + 1e-6)));
  return norm;
}

/** Multiplies all gradients in place. */
export function scaleGradients(gradients: Tensors, factor: number): void {
  if (factor === 1) return;
  for (const { data } of gradients.values()) {
    const { length } = data;
    for (let i = 0; i < length; i++) data[i] *= factor;
  }
}

/** Adds `more` to `sum`, in place; an undefined sum starts with `more` itself. */
export function addGradients(
  sum: Map<string, Tensor<'float32'>> | undefined,
  more: Map<string, Tensor<'float32'>>,
): Map<string, Tensor<'float32'>> {
  if (!sum) return more;
  for (const [name, { data }] of more) {
    const total = sum.get(name)?.data;
    if (!total) throw new InternalError(`gradients of "${name}" appeared halfway`);
    for (let i = 0; i < data.length; i++) total[i] += data[i];
  }
  return sum;
}
