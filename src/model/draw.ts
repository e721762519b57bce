import type { Value } from '../graph/graph.ts';
import { castTo } from '../graph/ops/cast.ts';
import { add, equal, exp, less, log, max, min, mul, sub, where } from '../graph/ops/elementwise.ts';
import { gather, gatherElements } from '../graph/ops/gather.ts';
import { gemm } from '../graph/ops/linear.ts';
import { reduceMax } from '../graph/ops/reduce.ts';
import { concat, indicesAlong, reduceSum, reshape, slice } from '../graph/ops/shape.ts';

/** What a draw needs besides the logits. */
export interface DrawInputs {
  /** Random numbers in [0, 1), [batch]. */
  readonly uniform: Value;
  /** 1 where the tokens `refusedIds` must not be drawn, else 0, [batch]. */
  readonly refused: Value;
  /** Each once. */
  readonly refusedIds: readonly number[];
  /** A token that comes whatever is drawn, where `isForced` is 1, [batch]. @default none */
  readonly forced?: { readonly id: number; readonly isForced: Value } | undefined;
}

/** Keeps a threshold below the sum that it is compared with: one float32 step and a little. */
const below = 1 - 2 ** -22;

/**
 * Draws one token a row by inverting the cumulative distribution: the first token at which it passes
 * `uniform`. In two levels, blocks of the vocabulary and the tokens of one block, so that no sum
 * has more than a few hundred terms: float32 keeps the small probabilities.
 * @param logits [batch, vocabulary]
 * @returns tokens int64 [batch], and their logprobs [batch] in the whole distribution, the refused
 * tokens included. Logits that are not finite give a logprob that is NaN.
 */
export function draw(
  logits: Value,
  { uniform, refused, refusedIds, forced }: DrawInputs,
): { tokens: Value; logprobs: Value } {
  const [batch, vocabulary] = logits.shape as [string, number];
  const { graph } = logits;
  const column = (x: Value) => reshape(x, [batch, 1]);
  const places = indicesAlong(logits, 1);
  const penalty = mul(column(refused), graph.scalar(1e9));
  const masked = refusedIds.reduce((kept, id) => {
    const isRefused = castTo(equal(places, graph.integers(id)), 'float32');
    return sub(kept, mul(penalty, isRefused));
  }, logits);
  const largest = reduceMax(masked, { axis: 1, keepDims: true });
  const weights = exp(sub(masked, largest)); // not normalised

  const width = blockWidth(vocabulary);
  const blocks = Math.ceil(vocabulary / width);
  const padded = withZeros(weights, blocks * width - vocabulary);
  const table = reshape(padded, [`${blocks}*${batch}`, width]);
  const sums = reshape(reduceSum(table, { axis: 1 }), [batch, blocks]);
  const whole = cumulative(sums);
  const total = slice(whole, { axis: 1, start: blocks - 1, end: blocks });
  const threshold = min(mul(column(uniform), total), mul(total, graph.scalar(below)));
  const block = place(whole, threshold); // [batch, 1]
  const skipped = sub(gatherElements(whole, block), gatherElements(sums, block));

  const first = mul(indicesAlong(logits, 0), graph.integers(blocks));
  const inside = cumulative(gather(table, add(first, reshape(block, [batch])))); // [batch, width]
  const end = mul(slice(inside, { axis: 1, start: width - 1, end: width }), graph.scalar(below));
  const rest = max(min(sub(threshold, skipped), end), graph.scalar(0));
  const token = add(mul(block, graph.integers(width)), place(inside, rest));
  const drawn = min(token, graph.integers(vocabulary - 1));
  const tokens = forced
    ? where(less(graph.scalar(0), column(forced.isForced)), graph.integers(forced.id), drawn)
    : drawn;

  const allowed = add(log(total), largest); // log of the sum without the refused tokens
  const everything = refusedIds.reduce(
    (sum, id) => logAddExp(sum, slice(logits, { axis: 1, start: id, end: id + 1 })),
    allowed,
  );
  const all = where(less(graph.scalar(0), column(refused)), everything, allowed);
  const logprobs = sub(gatherElements(logits, tokens), all);
  return { tokens: reshape(tokens, [batch]), logprobs: reshape(logprobs, [batch]) };
}

/** Sums of the elements up to each one: x [rows, n] -> [rows, n]. */
function cumulative(x: Value): Value {
  const n = x.shape[1] as number;
  const order = x.graph.integers(Array.from({ length: n }, (_, i) => i));
  const isUpTo = less(reshape(order, [n, 1]), add(order, x.graph.integers(1)));
  // bfloat16 would draw from another distribution than its logprobs say
  return gemm(x, castTo(isUpTo, 'float32'), { transA: false, transB: false, exact: true });
}

/** The first place where ascending sums [rows, n] are above the threshold [rows, 1], int64 [rows, 1]. */
function place(sums: Value, threshold: Value): Value {
  const { graph } = sums;
  const n = sums.shape[1] as number;
  // counted in whole numbers: bfloat16 has not all of those above 256
  const above = castTo(less(threshold, sums), 'int32');
  const count = castTo(reduceSum(above, { axis: 1, keepDims: true }), 'int64');
  return min(sub(graph.integers(n), count), graph.integers(n - 1)); // none is above NaN
}

/** log(e^a + e^b) */
function logAddExp(a: Value, b: Value): Value {
  const largest = max(a, b);
  return add(largest, log(add(exp(sub(a, largest)), exp(sub(b, largest)))));
}

/** x [batch, n] with zeros behind. */
function withZeros(x: Value, count: number): Value {
  if (count === 0) return x;
  const zeros = mul(slice(x, { axis: 1, start: 0, end: count }), x.graph.scalar(0));
  return concat(x, zeros, { axis: 1 });
}

/** Tokens of a block: about the root of the vocabulary, a divisor of it if there is one near. */
function blockWidth(vocabulary: number): number {
  const root = Math.ceil(Math.sqrt(vocabulary));
  const near = Array.from({ length: root }, (_, i) => root - (i >> 1) * (i % 2 ? 1 : -1));
  return near.find((width) => width >= root / 2 && vocabulary % width === 0) ?? root;
}
