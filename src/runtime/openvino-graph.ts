/** How a graph is written for OpenVINO. */
import { type Graph, isOp, reachable, readBy, type Value } from '../graph/graph.ts';
import { withNarrowProducts } from '../graph/narrow.ts';
import { inputsUsed, weightsUsed } from '../graph/onnx.ts';
import { sizeOf } from '../tensor.ts';
import type { SharedWeight } from './backend.ts';
import { type Encoded, givenWeight } from './encode.ts';
import { elementTypes, type Ir, newIr, type Port, packed, type Slot } from './openvino-ir.ts';
import { converted, writeOp } from './openvino-ops.ts';
import { parameter, pastsIn } from './openvino-pasts.ts';
import { withSteps } from './openvino-steps.ts';
import type { EncodeOptions } from './record.ts';
import { mustBeRead, type WeightSource } from './weight-source.ts';

/** How a graph is written. */
export interface IrOptions extends Partial<Pick<EncodeOptions, 'append' | 'cached' | 'precision'>> {
  /** Second addresses of square weights that are used both ways. @default true */
  readonly separateSquares?: boolean;
}

/**
 * A graph with its weights as constants: what is mapped from a file keeps its element type, what has
 * to be read is float32. In bf16 the graph itself says what is computed in it: the library's own choice
 * would differ from graph to graph, with what each one computes besides, and take in sums and norms.
 * The past of a decoding stays inside, as variables.
 */
export async function encodeForOpenVino(
  whole: Graph,
  source: WeightSource,
  { separateSquares = true, append = {}, cached = [], precision = 'f32' }: IrOptions = {},
): Promise<Encoded> {
  const stepping = withSteps(whole, append);
  const exact = stepping?.graph ?? whole;
  const graph = precision === 'bf16' ? withNarrowProducts(exact, 'bfloat16') : exact;
  const names = weightsUsed(graph);
  const shared = await Promise.all(
    names.map((name) => givenWeight(name, graph.weights.get(name)!.shape as number[], source)),
  );
  const squares = separateSquares ? usedBothWays(graph) : new Set<Value>();
  const ir = newIr();
  const ports = new Map<Value, Port>();
  const again = new Map<Value, Port>();
  const weightAt = (value: Value, copy: 0 | 1): Port => {
    const { name } = weightIn(value)!.source as { name: string };
    const index = names.indexOf(name);
    return weightPort(ir, shared[index], { index, copy }, elementTypes[value.dtype]);
  };
  const portOf = (user: Value) => (value: Value) => {
    if (!squares.has(value) || straightWeight(user) !== value) return ports.get(value)!;
    const known = again.get(value) ?? weightAt(value, 1);
    again.set(value, known);
    return known;
  };
  const pasts = pastsIn(ir, graph, stepping?.outputs ?? new Map());
  const ownType = precision === 'bf16' ? 'bf16' : 'f32';
  /** Inputs as they come, where that is not what the graph says. */
  const narrow = new Map<Value, Port>();
  for (const name of inputsUsed(graph)) {
    const value = graph.inputs.get(name)!;
    if (pasts.has(value)) continue;
    const type = elementTypes[value.dtype];
    const isCached = cached.includes(name) && type === 'f32';
    const port = parameter(ir, name, value.shape, isCached ? ownType : type);
    ports.set(value, converted(ir, port, type));
    if (port.type !== type) narrow.set(value, port);
  }
  const values = reachable(graph.outputs.values());
  const wanted = readAsTheyAre(values, graph);
  for (const value of values) {
    const { source: from } = value;
    if (from.kind === 'constant') ports.set(value, ir.constant(from.tensor));
    if (weightIn(value)) ports.set(value, weightAt(value, 0));
    if (from.kind !== 'op' || weightIn(value)) continue;
    const name = `${from.op.onnx} v${value.id}`;
    const given = isOp(value, 'Cast') && narrow.get(from.inputs[0]);
    const isNarrow = given && given.type === elementTypes[value.dtype];
    const port = isNarrow
      ? given
      : (pasts.write(value, ports, name) ?? writeOp(ir, value, { portOf: portOf(value), name }));
    // a float32 result of bfloat16 operands: the plugin takes the step behind a product into the product
    const type = elementTypes[value.dtype];
    ports.set(value, wanted.has(value) ? converted(ir, port, type, `${name} wide`) : port);
  }
  for (const [name, value] of graph.outputs) {
    const { source: from } = value;
    const isAppended = name in append && value.dtype === 'float32';
    const before =
      isOp(value, 'Cast') && from.kind === 'op' ? ports.get(from.inputs[0]) : undefined;
    const port = isAppended && before?.type === ownType ? before : ports.get(value)!;
    ir.layer('Result', [isAppended ? converted(ir, port, ownType) : port], { name });
  }
  return { model: packed(ir.finish()), folder: undefined, shared, variables: pasts.variables };
}

/** Values that are outputs, or read by anything but a shape or a rounding to bfloat16. */
function readAsTheyAre(values: readonly Value[], graph: Graph): Set<Value> {
  const readers = values.filter(
    (value) => !(isOp(value, 'Cast') && value.dtype === 'bfloat16') && !isOp(value, 'Shape'),
  );
  return new Set([...graph.outputs.values(), ...readers.flatMap(readBy)]);
}

/** The weight that a value is, in another element type perhaps. */
function weightIn(value: Value): Value | undefined {
  const { source } = value;
  if (source.kind === 'weight') return value;
  if (source.kind !== 'op' || source.op.onnx !== 'Cast') return undefined;
  return source.inputs[0].source.kind === 'weight' ? source.inputs[0] : undefined;
}

/** A weight, whatever it is stored in: as bf16 it is made so, once for all models, as float32 widened here. */
function weightPort(
  ir: Ir,
  { name, shape, place }: SharedWeight,
  { index, copy }: Pick<Slot, 'index' | 'copy'>,
  wanted: Port['type'],
): Port {
  const isFile = 'file' in place && !mustBeRead(place);
  const stored = elementTypes[isFile && place.dtype !== 'float64' ? place.dtype : 'float32'];
  const type = wanted === 'bf16' ? wanted : stored;
  const title = copy === 0 ? name : `${name} again`;
  const bytes = sizeOf(shape) * (type === 'f32' ? 4 : 2);
  const port = ir.weight({ name: title, shape, bytes, slot: { index, copy, type } });
  if (type === wanted) return port;
  return ir.layer('Convert', [port], {
    type: wanted,
    name: `${title} (${type})`,
    data: { destination_type: wanted },
    remarks: ['decompression'],
  });
}

/**
 * Square weights that are the right side of products as they are (backward) and transposed (forward).
 *
 * OpenVINO's CPU plugin rearranges a constant for a product and finds the result again by the
 * constant's address and the result's layout. The two uses of a square constant agree in both, so
 * that the second product takes what was rearranged for the first and is wrong (seen in 2026.4.1,
 * fp32). So the second has the same elements at another address.
 */
export function usedBothWays(graph: Graph): Set<Value> {
  const values = reachable(graph.outputs.values());
  const straight = new Set(values.flatMap((value) => straightWeight(value) ?? []));
  const otherwise = values.flatMap((value) =>
    value.source.kind === 'op'
      ? value.source.inputs.filter(
          (input) => straight.has(input) && input !== straightWeight(value),
        )
      : [],
  );
  return new Set(otherwise);
}

/** The square weight that a product multiplies by from the right, as it is. */
function straightWeight({ source }: Value): Value | undefined {
  if (source.kind !== 'op') return undefined;
  const { op, inputs, attributes } = source;
  const right = inputs[1];
  const isProduct = op.onnx === 'MatMul' || (op.onnx === 'Gemm' && !attributes.transB);
  const isSquare = right && weightIn(right) && right.shape[0] === right.shape[1];
  return isProduct && isSquare && right.shape.length === 2 ? right : undefined;
}
