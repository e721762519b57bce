/** Writes the past of a decoding as variables of the model. */
import { type Graph, reachable, readBy, type Shape, type Value } from '../graph/graph.ts';
import { float32, int64 } from '../tensor.ts';
import { rowsInput, type Variable } from './backend.ts';
import type { ElementType, Ir, Port } from './openvino-ir.ts';
import { partOf } from './openvino-ops.ts';
import { stepOp } from './openvino-steps.ts';

/** What a model keeps of its past. */
export interface Pasts {
  readonly variables: readonly Variable[];
  has(value: Value): boolean;
  /** The port of an op that reads a past; undefined of another op. */
  write(value: Value, ports: ReadonlyMap<Value, Port>, name: string): Port | undefined;
}

/**
 * Variables in the form that the CPU plugin makes one node of, with the attention that reads them.
 * @param outputs names of what would be appended, by the names of the pasts
 */
export function pastsIn(ir: Ir, graph: Graph, outputs: ReadonlyMap<string, string>): Pasts {
  const pasts = new Set([...outputs.keys()].map((name) => graph.inputs.get(name)!));
  const readers = reachable(graph.outputs.values()).filter((value) =>
    readBy(value).some((input) => pasts.has(input)),
  );
  const sizes = new Map<string, Port>();
  for (const { source } of readers) {
    if (source.kind !== 'op' || source.op === stepOp) continue;
    const name = sizesName(source.inputs[0]);
    if (!sizes.has(name)) sizes.set(name, parameter(ir, name, [4], 'i64'));
  }
  const variables = [...outputs].map(([input, output]) => {
    const name = sizesName(graph.inputs.get(input)!);
    return sizes.has(name) ? { input, output, sizes: name } : { input, output };
  });
  const constants = pasts.size > 0 ? constantsOf(ir) : undefined;
  /** past and then own, which is the past of the next run */
  const grown = (past: Value, own: Port): Port => {
    const { rows, zero, order } = constants!;
    const [, batch, heads, size] = past.shape;
    const { name: id } = past.source as { name: string };
    const first = parameter(ir, id, ['past', batch, heads, size], 'f32');
    const inOrder = ir.layer('Transpose', [first, order]);
    const shape = `?,${heads},?,${size}`;
    const data = { variable_id: id, variable_type: 'f32', variable_shape: shape };
    const before = ir.layer('ReadValue', [inOrder], { version: 'opset6', data });
    const gather = { version: 'opset8', data: { batch_dims: 0 } };
    const kept = ir.layer('Gather', [before, rows, zero], gather);
    const all = ir.layer('Concat', [kept, own], { data: { axis: 2 } });
    ir.layer('Assign', [all], { version: 'opset6', data: { variable_id: id } });
    return all;
  };
  return {
    variables,
    has: (value) => pasts.has(value),
    write(value, ports, name) {
      const { source } = value;
      if (source.kind !== 'op') return undefined;
      const { op, inputs, attributes } = source;
      if (op === stepOp) {
        const [query, key, own, pastKey, pastValue, bias] = inputs;
        const both = [grown(pastKey, ports.get(key)!), grown(pastValue, ports.get(own)!)];
        const all = [ports.get(query)!, ...both, ports.get(bias)!, constants!.one];
        const data = { causal: false };
        return ir.layer('ScaledDotProductAttention', all, { version: 'opset13', data, name });
      }
      if (!pasts.has(inputs[0])) return undefined;
      const part = attributes as unknown as { start: number; end: number };
      return partOf(ir, sizes.get(sizesName(inputs[0]))!, part);
    },
  };
}

function constantsOf(ir: Ir) {
  return {
    rows: parameter(ir, rowsInput, ['batch'], 'i32'),
    zero: ir.constant(int64([0], [])),
    one: ir.constant(float32([1], [])),
    order: ir.constant(int64([1, 2, 0, 3])),
  };
}

/** The input that tells the sizes of a past. */
function sizesName({ shape }: Value): string {
  return `sizes of ${shape.join(' ')}`; // a comma would part two names
}

/** An input of the model. */
export function parameter(ir: Ir, name: string, shape: Shape, type: ElementType): Port {
  const dims = shape.map((dim) => (typeof dim === 'number' ? dim : '?')).join();
  const data = { shape: dims, element_type: type };
  return ir.layer('Parameter', [], { type, name, tensor: name, data });
}
