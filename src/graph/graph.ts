import { InternalError, ShapeError } from '../errors.ts';
import { type DType, float32, int64, sizeOf, type Tensor } from '../tensor.ts';

/** A size that is known when the graph is built (number) or when it runs (a symbol). */
export type Dim = number | string;
/** Sizes of all axes; a scalar has none. */
export type Shape = readonly Dim[];

/** Where a value comes from. */
export type Source =
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'weight'; readonly name: string }
  | { readonly kind: 'constant'; readonly tensor: Tensor }
  | {
      readonly kind: 'op';
      readonly op: Op;
      readonly inputs: readonly Value[];
      readonly attributes: Attributes;
    };

/** One tensor of a graph. Values are numbered in the order of their making, which is topological. */
export interface Value {
  readonly graph: Graph;
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly source: Source;
}

/** Settings of an op that are known when the graph is built. */
export type Attributes = Readonly<Record<string, unknown>>;

/** What a gradient rule sees of the node that it belongs to. */
export interface GradientContext<Inputs extends readonly Value[], A> {
  readonly inputs: Inputs;
  readonly output: Value;
  /** dLoss/dOutput, of the output's shape. */
  readonly cotangent: Value;
  readonly attributes: A;
}

/** Everything there is to know about an op: its ONNX name, its shape rule, its gradient rule. */
export interface OpRecord<Inputs extends readonly Value[], A> {
  /** Operator of the standard ONNX domain, opset 21. */
  readonly onnx: string;
  readonly shape: (inputs: Inputs, attributes: A) => Shape;
  /** Element type of the output; that of the first input unless said otherwise. */
  readonly dtype?: (inputs: Inputs, attributes: A) => DType;
  /** dLoss/dInput for each input; null where none flows. Without a rule, nothing can flow. */
  readonly gradient?: (context: GradientContext<Inputs, A>) => (Value | null)[];
  /** A simpler value that is always equal, if there is one. */
  readonly simplify?: (inputs: Inputs, attributes: A) => Value | undefined;
  /** How many of its inputs the ONNX operator has; those behind serve the gradient rule. @default all */
  readonly reads?: number;
  /** Which of its inputs takes its place where products are computed in less than float32 (narrow.ts). */
  readonly narrow?: number;
  /** How attributes are written in ONNX; as they are, unless said otherwise. */
  readonly encode?: (attributes: A) => Encoded;
}

/** ONNX attributes, and attributes that ONNX takes as further inputs. */
export interface Encoded {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly operands?: readonly Tensor[];
}
/** An ONNX attribute: INT, STRING, INTS or FLOAT. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** An op whose types are forgotten. */
export type Op = OpRecord<readonly Value[], Attributes>;

/** The function that an op is called by: its inputs, then its attributes if it has any. */
export type OpOf<Inputs extends readonly Value[], A = never> = [A] extends [never]
  ? (...inputs: Inputs) => Value
  : (...args: [...Inputs, A]) => Value;

/** A graph under construction; equal nodes are made once. */
export class Graph {
  readonly inputs = new Map<string, Value>();
  readonly weights = new Map<string, Value>();
  readonly outputs = new Map<string, Value>();
  readonly #known = new Map<string, Value>();
  readonly #large = new Map<Tensor, Value>();
  /** Ops of this graph, numbered: several may have the same ONNX name. */
  readonly #ops = new Map<Op, number>();
  #size = 0;

  /** A tensor that is given at each run. */
  input(name: string, dtype: DType, shape: Shape): Value {
    return this.#named(this.inputs, name, dtype, shape, { kind: 'input', name });
  }

  /** A float32 tensor that is found by name when the graph is compiled, and never changes. */
  weight(name: string, shape: readonly number[]): Value {
    return this.#named(this.weights, name, 'float32', shape, { kind: 'weight', name });
  }

  /** A tensor that is part of the graph; a large one is known by its identity, not by its elements. */
  constant(tensor: Tensor): Value {
    const source = { kind: 'constant', tensor } as const;
    if (sizeOf(tensor.shape) > 64) {
      const value = this.#large.get(tensor) ?? this.#make(tensor.dtype, tensor.shape, source);
      this.#large.set(tensor, value);
      return value;
    }
    const key = `constant ${tensor.dtype} [${tensor.shape}] ${Array.from(tensor.data as never, signed)}`;
    return this.#once(key, () => this.#make(tensor.dtype, tensor.shape, source));
  }

  /** A float32 constant of shape []. */
  scalar(value: number): Value {
    return this.constant(float32([value], []));
  }

  /** An int64 constant: a list, or a scalar. */
  integers(values: number | readonly number[]): Value {
    return this.constant(typeof values === 'number' ? int64([values], []) : int64(values));
  }

  /** The result of an op; `defineOp` calls this. */
  node(op: Op, inputs: readonly Value[], attributes: Attributes): Value {
    const foreign = inputs.find((input) => input.graph !== this);
    if (foreign) throw new InternalError(`${op.onnx}: an input belongs to another graph`);
    const number = this.#ops.get(op) ?? this.#ops.size;
    this.#ops.set(op, number);
    const key = `${number} ${inputs.map((input) => input.id)} ${JSON.stringify(attributes)}`;
    return this.#once(key, () => {
      const shape = op.shape(inputs, attributes);
      const dtype = op.dtype?.(inputs, attributes) ?? inputs[0].dtype;
      return this.#make(dtype, shape, { kind: 'op', op, inputs, attributes });
    });
  }

  /** Names a value as a result of the graph. */
  output(name: string, value: Value): void {
    if (this.outputs.has(name)) throw new InternalError(`output "${name}" is declared twice`);
    this.outputs.set(name, value);
  }

  #named(table: Map<string, Value>, name: string, dtype: DType, shape: Shape, source: Source) {
    const known = table.get(name);
    if (!known) {
      const value = this.#make(dtype, shape, source);
      table.set(name, value);
      return value;
    }
    if (String(known.shape) !== String(shape) || known.dtype !== dtype) {
      const actual = `${dtype} [${shape}]`;
      throw new ShapeError(`${source.kind} ${name}`, `${known.dtype} [${known.shape}]`, actual);
    }
    return known;
  }

  #make(dtype: DType, shape: Shape, source: Source): Value {
    return { graph: this, id: this.#size++, dtype, shape, source };
  }

  #once(key: string, make: () => Value): Value {
    const known = this.#known.get(key);
    if (known) return known;
    const value = make();
    this.#known.set(key, value);
    return value;
  }
}

/** Minus zero must not be taken for zero. */
function signed(value: number | bigint): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** What a node reads when it runs: its inputs without those that serve its gradient rule alone. */
export function readBy({ source }: Value): readonly Value[] {
  return source.kind === 'op' ? source.inputs.slice(0, source.op.reads) : [];
}

/**
 * The values that `roots` are made from, themselves included, in topological order.
 * @param isOutside values that are left out, with all that only they are made from
 */
export function reachable(
  roots: Iterable<Value>,
  isOutside: (value: Value) => boolean = () => false,
): Value[] {
  const seen = new Set<Value>();
  const open = [...roots];
  for (let value = open.pop(); value; value = open.pop()) {
    if (seen.has(value) || isOutside(value)) continue;
    seen.add(value);
    open.push(...readBy(value));
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** The same with all that only a gradient rule reads. */
export function allBelow(roots: Iterable<Value>): Value[] {
  const seen = new Set<Value>();
  const open = [...roots];
  for (let value = open.pop(); value; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if (value.source.kind === 'op') open.push(...value.source.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

/** Whether an op of that name makes a value. */
export function isOp(value: Value | undefined, onnx: string): boolean {
  return value?.source.kind === 'op' && value.source.op.onnx === onnx;
}

/** An input, weight or constant as one of another graph; undefined of what an op makes. */
export function leafIn(graph: Graph, { source, dtype, shape }: Value): Value | undefined {
  if (source.kind === 'input') return graph.input(source.name, dtype, shape);
  if (source.kind === 'weight') return graph.weight(source.name, shape as readonly number[]);
  return source.kind === 'constant' ? graph.constant(source.tensor) : undefined;
}

const definitions: Op[] = [];

/** All ops there are; the table test goes through them. */
export const allOps: readonly Op[] = definitions;

/** Makes the function that adds an op to the graph of its inputs. */
export function defineOp<Inputs extends readonly Value[]>(
  record: OpRecord<Inputs, Attributes>,
): OpOf<Inputs>;
export function defineOp<Inputs extends readonly Value[], A extends Attributes>(
  record: OpRecord<Inputs, A>,
): OpOf<Inputs, A>;
export function defineOp(record: OpRecord<never, never>) {
  const op = record as unknown as Op;
  definitions.push(op);
  return (...args: (Value | Attributes)[]): Value => {
    const inputs = args.filter(isValue);
    const last = args[args.length - 1];
    const attributes = isValue(last) ? {} : last;
    return op.simplify?.(inputs, attributes) ?? inputs[0].graph.node(op, inputs, attributes);
  };
}

function isValue(argument: unknown): argument is Value {
  return typeof argument === 'object' && argument !== null && 'graph' in argument;
}
