import { InternalError, ShapeError } from '../errors.ts';
import { reachable, type Value } from './graph.ts';
import { add } from './ops/elementwise.ts';
import { expandLike } from './ops/shape.ts';

/**
 * Extends the graph by dLoss/dValue for each value of `wrt` (reverse mode: one walk over the graph
 * from the loss back, each node's gradient rule applied once).
 * @param loss a float32 scalar
 * @returns gradients in the order and with the shapes of `wrt`
 */
export function gradients(loss: Value, wrt: readonly Value[]): Value[] {
  if (loss.shape.length > 0) throw new ShapeError('gradients', 'a scalar loss', `[${loss.shape}]`);
  const values = reachable([loss]);
  const active = dependants(values, wrt);
  const cotangents = new Map<Value, Value>([[loss, loss.graph.scalar(1)]]);
  for (const output of values.reverse()) {
    const cotangent = cotangents.get(output);
    if (!cotangent || output.source.kind !== 'op') continue;
    const { op, inputs, attributes } = output.source;
    if (!inputs.some((input) => active.has(input))) continue;
    if (!op.gradient) throw new InternalError(`${op.onnx} has no gradient rule, but needs one`);
    const parts = op.gradient({ inputs, output, cotangent, attributes });
    inputs.forEach((input, i) => {
      const part = parts[i];
      if (!part || !active.has(input)) return;
      const sum = cotangents.get(input);
      cotangents.set(input, sum ? add(sum, part) : part);
    });
  }
  return wrt.map((value) => cotangents.get(value) ?? expandLike(loss.graph.scalar(0), value));
}

/** Those of `values` that depend on one of `sources`, the sources included. */
function dependants(values: readonly Value[], sources: readonly Value[]): Set<Value> {
  const found = new Set(sources);
  for (const value of values) {
    const inputs = value.source.kind === 'op' ? value.source.inputs : [];
    if (inputs.some((input) => found.has(input))) found.add(value);
  }
  return found;
}
