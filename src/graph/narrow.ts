import { allBelow, Graph, leafIn, type Value } from './graph.ts';
import { castTo } from './ops/cast.ts';

/** What bfloat16 numbers are kept as: themselves, or float32 of the same value. */
export type KeptAs = 'bfloat16' | 'float32';

const products = new Set(['Gemm', 'MatMul']);
/** Ops that move the elements of their first input, Concat of all, and compute nothing. */
const moving = new Set(['Reshape', 'Transpose', 'Expand', 'Slice', 'Gather', 'Concat', 'Identity']);

/**
 * The same graph with operands of its matrix products in bfloat16, but for those that are `exact`,
 * and all else in float32: results of products, hidden states, norms, softmax, log-sum-exp. What is
 * only moved from one product to the next is rounded before, and not widened on the way. Since the graph itself says
 * where numbers are rounded, two graphs round what they share in the same places.
 * @param keptAs float32 for an engine that cannot multiply bfloat16: it gets the same numbers, but for the order of sums
 */
export function withNarrowProducts(graph: Graph, keptAs: KeptAs): Graph {
  const copy = new Graph();
  const wides = new Map<Value, Value>();
  const narrows = new Map<Value, Value>();
  /** Results of products, and what is only moved of them. */
  const born = new Set<Value>();
  const rounded = (x: Value) => {
    const low = castTo(x, 'bfloat16');
    return keptAs === 'bfloat16' ? low : castTo(low, 'float32');
  };
  const addOp = (value: Value) => {
    if (value.source.kind !== 'op') return;
    const { op, inputs, attributes } = value.source;
    const widened = () => inputs.map((x) => wides.get(x)!);
    if (op.narrow !== undefined) {
      wides.set(value, wides.get(inputs[op.narrow])!);
      narrows.set(value, narrows.get(inputs[op.narrow])!);
    } else if (isProduct(value)) {
      const operands = inputs.map((x) => narrows.get(x)!);
      const wide = keptAs === 'bfloat16' ? { wide: true } : {};
      wides.set(value, copy.node(op, operands, { ...attributes, ...wide }));
      born.add(value);
    } else if (isMove(value)) {
      const all = op.onnx === 'Concat';
      const moved = inputs.map((x, i) => (all || i === 0 ? narrows : wides).get(x)!);
      narrows.set(value, copy.node(op, moved, attributes));
      if ((all ? inputs : [inputs[0]]).every((x) => born.has(x))) born.add(value);
      else wides.set(value, copy.node(op, widened(), attributes));
    } else {
      // a shape is that of either
      const isMoved = op.onnx === 'Shape' && born.has(inputs[0]) && !isProduct(inputs[0]);
      const of = isMoved ? [narrows.get(inputs[0])!] : widened();
      wides.set(value, copy.node(op, of, attributes));
    }
  };
  for (const value of allBelow(graph.outputs.values())) {
    const { dtype } = value;
    const leaf = leafIn(copy, value);
    if (leaf) wides.set(value, leaf);
    addOp(value);
    if (dtype !== 'float32') continue;
    if (!wides.has(value)) wides.set(value, castTo(narrows.get(value)!, 'float32'));
    if (!narrows.has(value)) narrows.set(value, rounded(wides.get(value)!));
  }
  // what nothing reads is in no model
  for (const [name, value] of graph.outputs) copy.output(name, wides.get(value)!);
  return copy;
}

function isProduct({ source, dtype }: Value): boolean {
  if (source.kind !== 'op' || dtype !== 'float32') return false;
  return products.has(source.op.onnx) && !source.attributes.exact;
}

function isMove({ source, dtype }: Value): boolean {
  return source.kind === 'op' && dtype === 'float32' && moving.has(source.op.onnx);
}
