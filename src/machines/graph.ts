/** A graph as plain data and back: what another machine needs to compile the same model, to the last byte. */
import { z } from 'zod';
import { InputError } from '../errors.ts';
import {
  type Attributes,
  allBelow,
  type Encoded,
  Graph,
  type Op,
  type Value,
} from '../graph/graph.ts';
import type { CompileOptions } from '../runtime/engine.ts';
import type { Plain } from '../runtime/plain.ts';
import type { WeightLocation } from '../runtime/weight-source.ts';
import type { Tensor } from '../tensor.ts';

/** Where a weight's elements are: in a file, which each machine knows by its SHA-256, or in a blob. */
export type WeightPlace =
  | (Omit<WeightLocation, 'file'> & { readonly sha256: string })
  | { readonly blob: string };

/** What is told of a graph. */
export interface PublishedGraph {
  readonly graph: Graph;
  readonly weights: ReadonlyMap<string, WeightPlace>;
  /** Number of the source of its weights: weights of one name are the same in one source alone. */
  readonly source: number;
  readonly options: Omit<CompileOptions, 'weights'>;
}

/** As plain data. */
export function graphToPlain({ graph, weights, source, options }: PublishedGraph): Plain {
  // all inputs, and those values too that only a gradient rule reads: an engine may write the graph in another way
  const all = allBelow([...graph.inputs.values(), ...graph.outputs.values()]);
  const values = all.map(valueToPlain);
  const outputs = [...graph.outputs].map(([name, { id }]) => [name, id]);
  const places = [...weights].map(([name, place]) => [name, { ...place }]);
  return { values, outputs, weights: places, source, options: { ...options } } as unknown as Plain;
}

const name = z.string().max(1000);
const shape = z.array(z.union([z.int().nonnegative(), name]));
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const dtype = z.enum(['float32', 'int64', 'int32', 'bool', 'float16', 'bfloat16']);
const id = z.int().nonnegative();
const tensor = z.custom<Tensor>(
  (value) => typeof value === 'object' && value !== null && 'data' in value,
);
const attributes = z.record(z.string(), z.unknown());

const PlainValue = z.union([
  z.strictObject({ id, dtype, shape, input: name }),
  z.strictObject({ id, dtype, shape, weight: name }),
  z.strictObject({ id, dtype, shape, constant: tensor }),
  z.strictObject({
    ...{ id, dtype, shape },
    onnx: name,
    inputs: z.array(id),
    reads: id.optional(),
    attributes,
    encoded: z
      .strictObject({ attributes: attributes.optional(), operands: z.array(tensor).optional() })
      .optional(),
  }),
]);
type PlainValue = z.infer<typeof PlainValue>;

const Place = z.union([
  z.strictObject({
    sha256,
    offset: z.int().nonnegative(),
    length: z.int().nonnegative(),
    dtype: z.enum(['float32', 'float16', 'bfloat16', 'float64']),
    strides: z.array(z.int()).optional(),
  }),
  z.strictObject({ blob: sha256 }),
]);
const names = z.record(z.string(), name).optional();
/** All that a graph may be compiled with: what is missing here would be refused by every worker. */
const options = {
  name: name.optional(),
  keep: names,
  append: names,
  cached: z.array(name).optional(),
  prepack: z.boolean().optional(),
  keepsMemory: z.boolean().optional(),
  needsRoom: z.boolean().optional(),
} satisfies Record<keyof PublishedGraph['options'], z.ZodType>;
const PlainGraph = z.strictObject({
  values: z.array(PlainValue),
  outputs: z.array(z.tuple([name, id])),
  weights: z.array(z.tuple([name, Place])),
  source: id,
  options: z.strictObject(options),
});

/**
 * The graph that plain data stands for.
 * @throws {InputError} when it stands for none
 */
export function graphFromPlain(plain: Plain): PublishedGraph {
  const { success, data, error } = PlainGraph.safeParse(plain);
  if (!success) {
    const [{ path, message }] = error.issues;
    throw new InputError(`graph: ${path.join('.')}`, 'a graph of tactful', message);
  }
  const graph = new Graph();
  const values = new Map<number, Value>();
  const of = (number: number): Value => {
    const value = values.get(number);
    if (!value)
      throw new InputError('graph', 'values behind those that they are made of', `${number}`);
    return value;
  };
  // values are made by hand: their numbers decide names in the model, so that these stay the same
  for (const told of data.values) {
    const { id: number, dtype: type, shape: dims } = told;
    const value = { graph, id: number, dtype: type, shape: dims, source: sourceOf(told, of) };
    values.set(number, value);
    if ('input' in told) graph.inputs.set(told.input, value);
    if ('weight' in told) graph.weights.set(told.weight, value);
  }
  for (const [output, number] of data.outputs) graph.output(output, of(number));
  const weights = new Map(data.weights as [string, WeightPlace][]);
  const { source, options } = data;
  return { graph, weights, source, options: options as PublishedGraph['options'] };
}

function valueToPlain({ id: number, dtype: type, shape: dims, source }: Value): Plain {
  const head = { id: number, dtype: type, shape: dims };
  if (source.kind === 'input') return { ...head, input: source.name };
  if (source.kind === 'weight') return { ...head, weight: source.name };
  if (source.kind === 'constant') return { ...head, constant: source.tensor };
  const { op, inputs, attributes: own } = source;
  const encoded = op.encode?.(own);
  return {
    ...head,
    onnx: op.onnx,
    inputs: inputs.map((input) => input.id),
    ...(op.reads !== undefined && { reads: op.reads }),
    attributes: own as Plain,
    ...(encoded && { encoded: encoded as unknown as Plain }),
  } as Plain;
}

function sourceOf(told: PlainValue, of: (id: number) => Value): Value['source'] {
  if ('input' in told) return { kind: 'input', name: told.input };
  if ('weight' in told) return { kind: 'weight', name: told.weight };
  if ('constant' in told) return { kind: 'constant', tensor: told.constant };
  const { onnx, inputs, attributes: own, encoded, reads } = told;
  const op: Op = {
    onnx,
    shape: () => told.shape,
    dtype: () => told.dtype,
    ...(reads !== undefined && { reads }),
    ...(encoded && { encode: () => encoded as Encoded }),
  };
  return { kind: 'op', op, inputs: inputs.map(of), attributes: own as Attributes };
}
