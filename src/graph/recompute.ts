import { reachable, type Value } from './graph.ts';
import { add, less, where } from './ops/elementwise.ts';
import { reduceSum, slice } from './ops/shape.ts';

/** A part of a graph that can be made once more. */
interface Segment {
  readonly inputs: readonly Value[];
  readonly build: (...inputs: Value[]) => Value;
}

/** Segments by their output. */
const segments = new WeakMap<Value, Segment>();

/**
 * What `build` makes of the inputs, as a segment: the backward pass computes it again instead of
 * keeping what lies between inputs and output ("gradient checkpointing", Chen et al. 2016,
 * https://arxiv.org/abs/1604.06174). Values and gradients are the same.
 * @param build makes the same nodes at each call; what it takes from outside the inputs is kept
 */
export function recompute(inputs: readonly Value[], build: (...inputs: Value[]) => Value): Value {
  const output = build(...inputs);
  if (!inputs.includes(output)) segments.set(output, { inputs, build });
  return output;
}

/** A segment that was made again: its new output, and its new inputs by those that they stand for. */
export interface Again {
  readonly output: Value;
  readonly inputs: ReadonlyMap<Value, Value>;
}

/**
 * The segment that ends in `output` once more, in nodes that cannot run before the gradient of
 * `output` is there. Undefined where there is no segment, none that hangs on its float inputs, or
 * one with a value inside that is wanted itself.
 */
export function madeAgain(
  output: Value,
  cotangent: Value,
  wanted: readonly Value[],
): Again | undefined {
  const segment = segments.get(output);
  if (!segment || holdsOne(wanted, output, segment)) return undefined;
  const inputs = segment.inputs.map((x) => after(x, cotangent));
  const again = segment.build(...inputs);
  if (again === output) return undefined;
  const pairs = inputs.map((x, i) => [x, segment.inputs[i]] as const);
  return { output: again, inputs: new Map(pairs.filter(([x, original]) => x !== original)) };
}

/** Whether a wanted value is made between the segment's inputs and its output. */
function holdsOne(wanted: readonly Value[], output: Value, { inputs }: Segment): boolean {
  const made = wanted.filter((value) => value !== output && value.source.kind === 'op');
  if (made.length === 0) return false;
  const inside = new Set(reachable([output], (value) => inputs.includes(value)));
  return made.some((value) => inside.has(value));
}

/**
 * x, but not before `cause` is known: x plus a zero that is made from it. Equal nodes are made
 * once, here and in the engine; by the zero these differ from those that read x itself.
 */
function after(x: Value, cause: Value): Value {
  if (x.dtype !== 'float32') return x;
  const part = cause.shape.length > 0 ? slice(cause, { axis: 0, start: 0, end: 1 }) : cause;
  const some = reduceSum(part);
  // never true, and no engine knows that; times zero would make NaN of infinity
  const zero = where(less(some, some), some, x.graph.scalar(0));
  return add(x, zero);
}
