/** Dropout (Srivastava et al. 2014). What is dropped follows from a random number of each token. */
import type { Value } from '../graph/graph.ts';
import { castTo } from '../graph/ops/cast.ts';
import { add, div, less, mul, reciprocal, sub, where } from '../graph/ops/elementwise.ts';
import { gather } from '../graph/ops/gather.ts';
import { indicesAlong, reshape } from '../graph/ops/shape.ts';
import { randomStream } from '../random.ts';
import type { Tensor } from '../tensor.ts';
import type { Rows } from './rows.ts';
import type { Scope } from './scope.ts';

/** What is dropped: values of the model's own layers, or what an adapter reads. */
export type Dropped = 'model' | 'adapter';

/** Names of the scalar inputs that say which share of each is dropped, [0, 1). */
export const rateInputs: Readonly<Record<Dropped, string>> = {
  model: 'modelDropout',
  adapter: 'adapterDropout',
};

/**
 * Drops elements and scales the others by 1 / (1 - rate), where the scope has random numbers; else x
 * itself. Each place in a model drops others.
 * x [tokens, width]
 */
export function drop(p: Scope, x: Value, what: Dropped = 'model'): Value {
  if (!p.noise) return x;
  const width = x.shape[1] as number;
  return masked(p, x, mul(keysAt(p, p.noise, what), p.graph.constant(oddNumbers(width))), what);
}

/**
 * The same for attention weights [batch, heads, target, source] of the tokens whose heads `rows`
 * splits.
 * @param first index along `source` that is position 0
 */
export function dropWeights(p: Scope, weights: Value, rows: Rows, first = 0): Value {
  if (!p.noise) return weights;
  const { graph } = p;
  const heads = weights.shape[1] as number;
  const byHead = mul(
    rows.split(keysAt(p, p.noise, 'weights'), 1), // [batch, 1, target, 1]
    reshape(graph.constant(oddNumbers(heads, 'heads')), [heads, 1, 1]),
  );
  const index = add(indicesAlong(weights, 3), graph.integers(tableSize - first));
  const size = graph.integers(tableSize);
  const inTable = sub(index, mul(div(index, size), size));
  const bySource = gather(graph.constant(oddNumbers(tableSize)), inTable);
  return masked(p, weights, mul(byHead, bySource), 'model');
}

const tableSize = 4096;

/**
 * Products of odd numbers modulo 2^32, one factor for the token, one for the place in the model, one
 * for the element: the upper bits are as good as independent (multiplicative hashing), and three
 * operations of any engine make them.
 */
function keysAt(p: Scope, noise: Value, what: string): Value {
  const place = randomStream(0, ['dropout', p.path, what]).integer(2 ** 32) | 1;
  const factor = p.graph.constant({ dtype: 'int32', shape: [], data: Int32Array.of(place) });
  return reshape(mul(noise, factor), [noise.shape[0], 1]);
}

/** random int32 of the shape of x, uniform */
function masked(p: Scope, x: Value, random: Value, what: Dropped): Value {
  const { graph } = p;
  const rate = graph.input(rateInputs[what], 'float32', []);
  const border = mul(sub(rate, graph.scalar(0.5)), graph.scalar(2 ** 32));
  const isDropped = less(castTo(random, 'float32'), border);
  const scale = reciprocal(sub(graph.scalar(1), rate));
  return where(isDropped, graph.scalar(0), mul(x, scale));
}

const known = new Map<string, Tensor<'int32'>>();

/** Odd random int32 numbers, [count]: always the same. */
function oddNumbers(count: number, of = 'channels'): Tensor<'int32'> {
  const key = `${of} ${count}`;
  const numbers = known.get(key) ?? drawn(count, of);
  known.set(key, numbers);
  return numbers;
}

function drawn(count: number, of: string): Tensor<'int32'> {
  const stream = randomStream(0, ['dropout', of]);
  const data = Int32Array.from({ length: count }, () => stream.integer(2 ** 32) | 1);
  return { dtype: 'int32', shape: [count], data };
}
