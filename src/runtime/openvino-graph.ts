/** How a graph is written for OpenVINO. */
import { Graph, reachable, type Value } from '../graph/graph.ts';
import { weightsUsed } from '../graph/onnx.ts';
import { concat } from '../graph/ops/shape.ts';
import { type Encoded, encodeModel, mustBeRead } from './encode.ts';
import { besideWeights } from './openvino-weights.ts';
import type { WeightLocation, WeightSource } from './weight-source.ts';

type Locate = (name: string) => WeightLocation;

/** A graph with its weights as constants in their files; as inputs where OpenVINO cannot map them all. */
export async function encodeForOpenVino(graph: Graph, source: WeightSource): Promise<Encoded> {
  const places = new Map<string, WeightLocation>();
  for (const name of weightsUsed(graph)) {
    const location = source.locate?.(name, graph.weights.get(name)!.shape as number[]);
    if (!location) return encodeModel(graph, source, () => true);
    places.set(name, location);
  }
  const { locate, beside } = await besideWeights(places);
  const real = { ...source, locate };
  const cannotMap = [...places.values()].some(mustBeRead);
  if (!beside || cannotMap) return encodeModel(graph, real, () => true);
  const separate = separateSquares(graph, locate);
  return encodeModel(separate.graph, { ...source, locate: separate.locate }, () => false);
}

/**
 * The graph with a second constant for each square weight that is used both transposed (forward)
 * and as it is (backward).
 *
 * OpenVINO's CPU plugin rearranges a constant for a product and finds the result again by the
 * constant's address and the result's layout. The two uses of a square constant agree in both, so
 * that the second product takes what was rearranged for the first and is wrong (seen in 2026.4.1,
 * fp32). Nodes that only pass a tensor on are optimised away; two halves of it, joined when the
 * graph is compiled, are a constant of their own.
 */
export function separateSquares(graph: Graph, locate: Locate): { graph: Graph; locate: Locate } {
  const squares = usedBothWays(graph);
  if (squares.size === 0) return { graph, locate };
  const separate = new Graph();
  const halves = new Map<string, WeightLocation>();
  const half = (name: string, [all, width]: readonly number[], start: number, end: number) => {
    const { length, offset, ...place } = locate(name);
    const row = length / all;
    const own = `${name} rows ${start} to ${end}`;
    halves.set(own, { ...place, offset: offset + start * row, length: (end - start) * row });
    return separate.weight(own, [end - start, width]);
  };
  const again = (name: string, shape: readonly number[]) => {
    const middle = shape[0] >> 1;
    const parts = [half(name, shape, 0, middle), half(name, shape, middle, shape[0])] as const;
    return concat(...parts, { axis: 0 });
  };

  const copies = new Map<Value, Value>();
  const copyOf = (value: Value): Value => {
    const { source, dtype, shape } = value;
    if (source.kind === 'input') return separate.input(source.name, dtype, shape);
    if (source.kind === 'weight') return separate.weight(source.name, shape as number[]);
    if (source.kind === 'constant') return separate.constant(source.tensor);
    const { op, inputs, attributes } = source;
    const straight = straightWeight(value);
    const moved = inputs.map((input) =>
      input === straight && squares.has(input)
        ? again((input.source as { name: string }).name, input.shape as number[])
        : copies.get(input)!,
    );
    return separate.node(op, moved, attributes);
  };
  for (const value of allBelow(graph)) copies.set(value, copyOf(value));
  for (const [name, value] of graph.outputs) separate.output(name, copies.get(value)!);
  return { graph: separate, locate: (name) => halves.get(name) ?? locate(name) };
}

/** Square weights that are the right side of products as they are and transposed. */
function usedBothWays(graph: Graph): Set<Value> {
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
  const isSquare = right?.source.kind === 'weight' && right.shape[0] === right.shape[1];
  return isProduct && isSquare && right.shape.length === 2 ? right : undefined;
}

/** Every value that the outputs are made from, in topological order. */
function allBelow(graph: Graph): Value[] {
  const seen = new Set<Value>();
  const open = [...graph.outputs.values()];
  for (let value = open.pop(); value; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    // those too that only a gradient rule reads
    if (value.source.kind === 'op') open.push(...value.source.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}
