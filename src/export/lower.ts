import { InternalError } from '../errors.ts';
import { type Graph, reachable, readBy, type Value } from '../graph/graph.ts';
import {
  attributeMessage,
  nodeMessage,
  nodeNamed,
  tensorHead,
  tensorMessage,
} from '../graph/onnx-messages.ts';
import { onnxTypes } from '../graph/onnx-types.ts';
import { Message } from '../protobuf.ts';
import { type DType, float32, type Tensor } from '../tensor.ts';
import type { Precision } from './dtypes.ts';
import type { WeightStore } from './stored.ts';

/** How the values of a graph become nodes of a model. */
export interface Lowering {
  readonly precision: Precision;
  readonly weights: WeightStore;
  /** Takes the small constants, by name; they belong into the outermost graph. */
  readonly constants: Map<string, Message>;
  /** Before the names of values and outputs, so that two graphs can be one model. */
  readonly prefix: string;
  /** Names that inputs have in the model, where they are others. */
  readonly inputNames?: ReadonlyMap<string, string>;
  /** Inputs and outputs that are float16 in the model, when its precision is. */
  readonly isHalf: (name: string) => boolean;
}

/** Ops that move elements and compute nothing. */
const moving: readonly string[] = ['Reshape', 'Transpose', 'Concat', 'Slice', 'Identity'];
/** Weights that are looked up or added, and are too few to be worth a smaller type. */
const small = /(relative_attention_bias|position_embeddings|token_type_embeddings)\.weight$/;
/**
 * Products that are float32 in every model; only their weights are stored in less. T5's
 * feed-forward states leave float16's range before its last matrix, as `_keep_in_fp32_modules` of
 * transformers says, and have so few large numbers that as whole numbers most of them were 0.
 */
const wide = /\.DenseReluDense\.wo\.weight$/;

/** Element type of an input or an output in the model. */
export function modelType(dtype: DType, isHalf: boolean, precision: Precision): DType {
  return dtype === 'float32' && isHalf && precision === 'float16' ? 'float16' : dtype;
}

/**
 * Nodes of a graph, as fields of an ONNX GraphProto. Weight matrices are multiplied in the model's
 * precision; sums, norms and softmax are always float32.
 */
export function lower(graph: Graph, lowering: Lowering): Message {
  const writer = new Writer(lowering);
  for (const value of reachable(graph.outputs.values())) writer.write(value);
  for (const [name, value] of graph.outputs) writer.output(name, value);
  return writer.finish();
}

class Writer {
  readonly #lowering: Lowering;
  readonly #body = new Message();
  readonly #operands = new Map<string, Tensor>();
  /** Values whose own type in the model is float16. */
  readonly #halves = new Set<Value>();
  /** Names of what is made once. */
  readonly #made = new Set<string>();
  #steps = 0;

  constructor(lowering: Lowering) {
    this.#lowering = lowering;
  }

  write(value: Value): void {
    const { source } = value;
    if (source.kind === 'constant') {
      const name = this.#name(value);
      this.#lowering.constants.set(name, tensorMessage(name, source.tensor));
    } else if (source.kind === 'input') {
      const { precision, isHalf } = this.#lowering;
      if (modelType(value.dtype, isHalf(source.name), precision) === 'float16') {
        this.#halves.add(value);
      }
    } else if (source.kind === 'op') {
      const [first, second] = source.inputs;
      if (source.op.onnx === 'Gemm' && second.source.kind === 'weight') {
        this.#product(value, first, second);
      } else if (source.op.onnx === 'Gather' && this.#isTable(first)) {
        this.#lookUp(value, first, second);
      } else if (source.op.onnx === 'Gelu') {
        this.#gelu(value, first, source.attributes.approximate === 'tanh');
      } else this.#node(value);
    }
  }

  output(name: string, value: Value): void {
    const { precision, isHalf } = this.#lowering;
    const dtype = modelType(value.dtype, isHalf(name), precision);
    const from = dtype === 'float16' ? this.#half(value) : this.#full(value);
    this.#body.message(1, nodeNamed('Identity', [from], this.#lowering.prefix + name));
  }

  finish(): Message {
    const { constants } = this.#lowering;
    for (const [name, tensor] of this.#operands) constants.set(name, tensorMessage(name, tensor));
    return this.#body;
  }

  /** Any other op: in float32, but what only moves stays what it is. */
  #node(value: Value): void {
    if (value.source.kind !== 'op') return;
    const { onnx } = value.source.op;
    const floats = readBy(value).filter(({ dtype }) => dtype === 'float32');
    const areHalves = floats.map((input) => this.#halves.has(input));
    const isHalf =
      (moving.includes(onnx) && areHalves.length > 0 && !areHalves.includes(false)) ||
      (onnx === 'MatMul' && areHalves.includes(true));
    if (isHalf) this.#halves.add(value);
    const nameOf = (one: Value) =>
      one === value ? this.#name(one) : isHalf ? this.#half(one) : this.#full(one);
    this.#body.message(1, nodeMessage(value, nameOf, this.#operands));
  }

  /**
   * x/2 (1 + erf(x / sqrt 2)), or x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): Gelu itself is in opset 20
   * alone. The latter as PyTorch's exporter writes it, the form that runtimes know and make one kernel of.
   */
  #gelu(value: Value, x: Value, byTanh: boolean): void {
    const input = this.#full(x);
    const out = this.#name(value);
    const step = (type: string, ...operands: (string | number)[]) => {
      const name = `${out}.${this.#steps++}`;
      const names = operands.map((one) => (typeof one === 'number' ? this.#scalar(one) : one));
      this.#body.message(1, nodeNamed(type, names, name));
      return name;
    };
    const half = step('Mul', input, 0.5);
    const curve = () => {
      const cubic = step('Mul', step('Pow', input, 3), 0.044715);
      return step('Tanh', step('Mul', step('Add', input, cubic), Math.sqrt(2 / Math.PI)));
    };
    const gate = step('Add', byTanh ? curve() : step('Erf', step('Mul', input, Math.SQRT1_2)), 1);
    this.#body.message(1, nodeNamed('Mul', [half, gate], out));
  }

  /** Name of a float32 constant. */
  #scalar(number: number): string {
    const name = `f32 ${number}`;
    this.#lowering.constants.set(name, tensorMessage(name, float32([number], [])));
    return name;
  }

  /** x W^T for a weight [out, in]. */
  #product(value: Value, x: Value, weight: Value): void {
    const { precision, weights } = this.#lowering;
    const { name, shape } = weightOf(weight);
    if (value.source.kind !== 'op' || value.source.attributes.transB !== true) {
      throw new InternalError(`weight ${name} is multiplied as it lies`);
    }
    const out = this.#name(value);
    const byRows = attributeMessage('transB', 1);
    const gemm = (left: string, right: string) =>
      this.#body.message(1, nodeNamed('Gemm', [left, right], out).message(5, byRows));
    if (precision === 'float32') gemm(this.#full(x), weights.plain(name, shape));
    else if (wide.test(name)) gemm(this.#full(x), this.#widened(name, shape));
    else if (precision === 'int8') this.#integerProduct(out, x, weights.factor(name, shape));
    else {
      gemm(this.#half(x), weights.half(name, shape));
      this.#halves.add(value);
    }
  }

  /** Name of a weight as float32 that is stored in less; runtimes do this once, when they load it. */
  #widened(name: string, shape: readonly number[]): string {
    const { precision, weights } = this.#lowering;
    if (precision === 'float16') {
      const half = weights.half(name, shape);
      return this.#once(`${half} as float32`, (made) => this.#cast(half, made, 'float32'));
    }
    const { numbers, scales } = weights.table(name, shape);
    return this.#once(`${name} as float32`, (made) => {
      this.#cast(numbers, `${made}.full`, 'float32');
      this.#body.message(1, nodeNamed('Mul', [`${made}.full`, scales], made));
    });
  }

  /** y = (xq - zero) Wq * (scale of x * scale of each row of W), as ONNX Runtime's quantiser does. */
  #integerProduct(
    out: string,
    x: Value,
    { numbers, scales }: ReturnType<WeightStore['factor']>,
  ): void {
    const input = this.#full(x);
    const parts = (name: string) => ['numbers', 'scale', 'zero'].map((part) => `${name}.${part}`);
    const asIntegers = this.#once(`${input} as integers`, (made) => {
      this.#body.message(1, nodeNamed('DynamicQuantizeLinear', [input], ...parts(made)));
    });
    const [quantized, scale, zero] = parts(asIntegers);
    const none = 'int8 0';
    this.#lowering.constants.set(none, tensorHead(none, 3, []).bytes(9, new Uint8Array(1)));
    const [sum, total, factor] = ['sum', 'total', 'factor'].map((part) => `${out}.${part}`);
    this.#body
      .message(1, nodeNamed('MatMulInteger', [quantized, numbers, zero, none], sum))
      .message(1, nodeNamed('Mul', [scale, scales], factor));
    this.#cast(sum, total, 'float32');
    this.#body.message(1, nodeNamed('Mul', [total, factor], out));
  }

  /** Whether a gather reads rows of an embedding. */
  #isTable({ source }: Value): boolean {
    return source.kind === 'weight' && !small.test(source.name);
  }

  /** Rows of an embedding. */
  #lookUp(value: Value, table: Value, ids: Value): void {
    const { precision, weights } = this.#lowering;
    const { name, shape } = weightOf(table);
    const out = this.#name(value);
    const at = this.#full(ids);
    if (precision !== 'int8') {
      const stored = precision === 'float32' ? 'plain' : 'half';
      if (stored === 'half') this.#halves.add(value);
      const rows = weights[stored](name, shape);
      this.#body.message(1, nodeNamed('Gather', [rows, at], out));
      return;
    }
    const { numbers, scales } = weights.table(name, shape);
    const [taken, full, scale] = ['taken', 'full', 'scale'].map((part) => `${out}.${part}`);
    this.#body
      .message(1, nodeNamed('Gather', [numbers, at], taken))
      .message(1, nodeNamed('Gather', [scales, at], scale));
    this.#cast(taken, full, 'float32');
    this.#body.message(1, nodeNamed('Mul', [full, scale], out));
  }

  /** Name of a value as float32, or as whatever it is besides. */
  #full(value: Value): string {
    const name = this.#name(value);
    if (!this.#halves.has(value)) return name;
    return this.#once(`${name} as float32`, (made) => this.#cast(name, made, 'float32'));
  }

  /** Name of a value as float16; integers stay what they are. */
  #half(value: Value): string {
    const name = this.#name(value);
    if (this.#halves.has(value) || value.dtype !== 'float32') return name;
    return this.#once(`${name} as float16`, (made) => this.#cast(name, made, 'float16'));
  }

  #cast(from: string, to: string, dtype: 'float32' | 'float16'): void {
    const attribute = attributeMessage('to', onnxTypes[dtype]);
    this.#body.message(1, nodeNamed('Cast', [from], to).message(5, attribute));
  }

  #once(what: string, make: (name: string) => void): string {
    const name = this.#lowering.prefix + what;
    if (!this.#made.has(name)) make(name);
    this.#made.add(name);
    return name;
  }

  #name(value: Value): string {
    const { prefix, inputNames, weights } = this.#lowering;
    const { source } = value;
    if (source.kind === 'input') return inputNames?.get(source.name) ?? source.name;
    if (source.kind === 'weight') return weights.plain(source.name, value.shape as number[]);
    return `${prefix}v${value.id}`;
  }
}

function weightOf({ source, shape }: Value): { name: string; shape: readonly number[] } {
  if (source.kind !== 'weight') throw new InternalError('a weight was expected');
  return { name: source.name, shape: shape as readonly number[] };
}
