import { InternalError, ShapeError } from '../errors.ts';
import { reachable, type Value } from './graph.ts';
import { add } from './ops/elementwise.ts';
import { expandLike } from './ops/shape.ts';
import { type Again, madeAgain } from './recompute.ts';

/**
 * Extends the graph by dLoss/dValue for each value of `wrt` (reverse mode: one walk over the graph
 * from the loss back, each node's gradient rule applied once). A segment (`recompute`) is made
 * again on the way, and the walk goes on through that.
 * @param loss a float32 scalar
 * @returns gradients in the order and with the shapes of `wrt`
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length > 0) throw new ShapeError('gradients', 'a scalar loss', `[${loss.shape}]`);
  const values = reachable([loss]);
  const active = new Set(wrt);
  addDependants(values, active);
  const cotangents = new Map<Value, Value>([[loss, loss.graph.scalar(1)]]);
  walkBack(values, { wanted: wrt, active, cotangents });
  return wrt.map((value) => cotangents.get(value) ?? expandLike(loss.graph.scalar(0), value));
}

/** What a walk knows. */
interface Walk {
  readonly wanted: readonly Value[];
  /** Values that depend on a wanted one. */
  readonly active: Set<Value>;
  /** dLoss/dValue as far as found. */
  readonly cotangents: Map<Value, Value>;
}

/** Goes through `values` from the last to the first. */
function walkBack(values: readonly Value[], walk: Walk): void {
  const { wanted, active, cotangents } = walk;
  for (const output of values.toReversed()) {
    const cotangent = cotangents.get(output);
    if (!cotangent || output.source.kind !== 'op') continue;
    const { op, inputs, attributes } = output.source;
    if (!inputs.some((input) => active.has(input))) continue;
    const again = madeAgain(output, cotangent, wanted);
    if (again) {
      walkThrough(again, output, walk);
      continue;
    }
    if (!op.gradient) throw new InternalError(`${op.onnx} has no gradient rule, but needs one`);
    const parts = op.gradient({ inputs, output, cotangent, attributes });
    inputs.forEach((input, i) => {
      const part = parts[i];
      if (part && active.has(input)) addTo(cotangents, input, part);
    });
  }
}

/** Goes through a segment that was made again, instead of the one that ends in `original`. */
function walkThrough({ output, inputs }: Again, original: Value, walk: Walk): void {
  const { active, cotangents } = walk;
  for (const [input, stoodFor] of inputs) if (active.has(stoodFor)) active.add(input);
  // what is made again is younger than the segment; all else is met by the walk outside
  const isOutside = (value: Value) => value.id < original.id || inputs.has(value);
  const values = reachable([output], isOutside);
  addDependants(values, active);
  addTo(cotangents, output, cotangents.get(original)!);
  walkBack(values, walk);
  for (const [input, stoodFor] of inputs) {
    const part = cotangents.get(input);
    if (part) addTo(cotangents, stoodFor, part);
  }
}

function addTo(cotangents: Map<Value, Value>, value: Value, part: Value): void {
  const sum = cotangents.get(value);
  cotangents.set(value, sum ? add(sum, part) : part);
}

/** Adds those of `values` that depend on a value of the set. */
function addDependants(values: readonly Value[], set: Set<Value>): void {
  for (const value of values) {
    const inputs = value.source.kind === 'op' ? value.source.inputs : [];
    if (inputs.some((input) => set.has(input))) set.add(value);
  }
}
