/** How each op is written for OpenVINO: https://docs.openvino.ai, operation sets. */
import { InternalError } from '../errors.ts';
import { type Attributes, readBy, type Value } from '../graph/graph.ts';
import { type DType, float32, int64 } from '../tensor.ts';
import {
  type ElementType,
  elementTypes,
  type Ir,
  type LayerOptions,
  type Port,
} from './openvino-ir.ts';

/** What an op is written from. */
interface Written {
  readonly ir: Ir;
  readonly inputs: readonly Port[];
  readonly value: Value;
  readonly attributes: Attributes;
  /** Of its result. */
  readonly type: Port['type'];
  readonly name: string;
  /** Adds the layer of the result. */
  layer(type: string, inputs: readonly Port[], options?: LayerOptions): Port;
}

type Write = (written: Written) => Port;

const numpy = { auto_broadcast: 'numpy' };
const quotient = { ...numpy, m_pythondiv: false };

/** A float32 constant. */
function scalar(ir: Ir, value: number): Port {
  return ir.constant(float32([value], []));
}

/** Sums and products inside an op that is written as several. */
function arithmetic(ir: Ir) {
  const of = (type: string) => (a: Port, b: Port) => ir.layer(type, [a, b], { data: numpy });
  return { add: of('Add'), mul: of('Multiply') };
}

function plain(type: string, version = 'opset1'): Write {
  return ({ layer, inputs }) => layer(type, inputs, { version });
}

function binary(type: string, data: LayerOptions['data'] = numpy): Write {
  return ({ layer, inputs }) => layer(type, inputs, { data: data! });
}

function reduction(type: string): Write {
  return ({ ir, layer, inputs: [x], attributes: { axes, keepDims } }) =>
    layer(type, [x, ir.constant(int64(axes as number[]))], {
      data: { keep_dims: keepDims as boolean },
    });
}

const product: Write = ({ layer, inputs, attributes: { transA = false, transB = false } }) =>
  layer('MatMul', inputs, {
    type: inputs[0].type,
    data: { transpose_a: transA as boolean, transpose_b: transB as boolean },
  });

const writers: Readonly<Record<string, Write>> = {
  Add: binary('Add'),
  Sub: binary('Subtract'),
  Mul: binary('Multiply'),
  // of whole numbers it rounds towards 0, as ONNX's does
  Div: binary('Divide', quotient),
  Max: binary('Maximum'),
  Min: binary('Minimum'),
  Less: binary('Less'),
  Equal: binary('Equal'),
  Where: binary('Select'),
  Neg: plain('Negative'),
  Abs: plain('Abs'),
  Sign: plain('Sign'),
  Exp: plain('Exp'),
  Log: plain('Log'),
  Sqrt: plain('Sqrt'),
  Tanh: plain('Tanh'),
  Sigmoid: plain('Sigmoid'),
  Erf: plain('Erf'),
  Relu: plain('ReLU'),
  Gelu({ ir, layer, inputs, attributes: { approximate } }) {
    if (approximate === 'tanh') {
      return layer('Gelu', inputs, { version: 'opset7', data: { approximation_mode: 'TANH' } });
    }
    const [x] = inputs;
    const { add, mul } = arithmetic(ir);
    const phi = add(ir.layer('Erf', [mul(x, scalar(ir, Math.SQRT1_2))]), scalar(ir, 1));
    return layer('Multiply', [mul(x, scalar(ir, 0.5)), phi], { data: numpy });
  },
  // in parts: the plugin's own op is not always float32
  LayerNormalization({ ir, layer, inputs: [x, weight, bias], attributes: { epsilon } }) {
    const { add, mul } = arithmetic(ir);
    const mean = (port: Port) =>
      ir.layer('ReduceMean', [port, ir.constant(int64([-1]))], { data: { keep_dims: true } });
    const centered = ir.layer('Subtract', [x, mean(x)], { data: numpy });
    const variance = add(mean(mul(centered, centered)), scalar(ir, epsilon as number));
    const normal = ir.layer('Divide', [centered, ir.layer('Sqrt', [variance])], { data: quotient });
    if (!bias) return layer('Multiply', [normal, weight], { data: numpy });
    return layer('Add', [mul(normal, weight), bias], { data: numpy });
  },
  Reciprocal: ({ ir, layer, inputs: [x] }) =>
    layer('Divide', [scalar(ir, 1), x], { data: quotient }),
  Softmax: ({ layer, inputs, attributes: { axis } }) =>
    layer('SoftMax', inputs, { version: 'opset8', data: { axis: axis as number } }),
  ReduceSum: reduction('ReduceSum'),
  ReduceMean: reduction('ReduceMean'),
  ReduceMax: reduction('ReduceMax'),
  CumSum: ({ ir, layer, inputs: [x], attributes: { axis, backwards } }) =>
    layer('CumSum', [x, ir.constant(int64([axis as number], []))], {
      version: 'opset3',
      data: { exclusive: false, reverse: backwards as boolean },
    }),
  MatMul: product,
  Gemm: product,
  Gather: ({ ir, layer, inputs: [table, indices] }) =>
    layer('Gather', [table, indices, ir.constant(int64([0], []))], {
      version: 'opset8',
      data: { batch_dims: 0 },
    }),
  GatherElements: ({ layer, inputs }) =>
    layer('GatherElements', inputs, { version: 'opset6', data: { axis: 1 } }),
  ScatterElements: ({ ir, layer, inputs, attributes: { axis } }) =>
    layer('ScatterElementsUpdate', [...inputs, ir.constant(int64([axis as number], []))], {
      version: 'opset12',
      data: { reduction: 'sum', use_init_val: true },
    }),
  Shape({ ir, inputs: [x], value, attributes, layer }) {
    const { start, end } = attributes as unknown as Part;
    const { source } = value;
    const rank = source.kind === 'op' ? source.inputs[0].shape.length : 0;
    const all = { version: 'opset3', type: 'i64', data: { output_type: 'i64' } } as const;
    if (start === 0 && end === rank) return layer('ShapeOf', [x], all);
    return partOf(ir, ir.layer('ShapeOf', [x], all), { start, end });
  },
  Reshape: ({ layer, inputs, attributes: { exact } }) =>
    layer('Reshape', inputs, { data: { special_zero: exact !== true } }),
  Transpose: ({ ir, layer, inputs: [x], attributes: { perm } }) =>
    layer('Transpose', [x, ir.constant(int64(perm as number[]))]),
  Expand: ({ layer, inputs }) =>
    layer('Broadcast', inputs, { version: 'opset3', data: { mode: 'bidirectional' } }),
  Concat: ({ layer, inputs, attributes: { axis } }) =>
    layer('Concat', inputs, { data: { axis: axis as number } }),
  Slice: ({ ir, layer, inputs: [x, start, end], attributes: { axis } }) =>
    layer('Slice', [x, start, end, ir.constant(int64([1])), ir.constant(int64([axis as number]))], {
      version: 'opset8',
    }),
  Range: ({ layer, inputs }) =>
    layer('Range', inputs, { version: 'opset4', data: { output_type: 'i64' } }),
  Cast: ({ ir, inputs: [x], attributes: { to }, name }) =>
    converted(ir, x, elementTypes[to as DType], name),
  Identity: ({ inputs: [x] }) => x,
};

const narrowOnes: ReadonlySet<string> = new Set(['f32', 'bf16']);

/**
 * A port as another element type. Between float32 and bfloat16 it is the plugin's own power, x to the 1st: unlike Convert
 * it rounds to the nearest, takes a tenth of the time, and is done on the way by the element-wise op before or behind it.
 */
export function converted(ir: Ir, port: Port, type: ElementType, name?: string): Port {
  if (port.type === type) return port;
  if (!narrowOnes.has(port.type) || !narrowOnes.has(type)) {
    return ir.layer('Convert', [port], { type, name, data: { destination_type: type } });
  }
  const data = { scale: 1, power: 1, shift: 0, 'out-type': type };
  return ir.layer('PowerStatic', [port], { version: 'cpu_plugin_opset', type, name, data });
}

/** Places in a list: from `start` to before `end`. */
interface Part {
  readonly start: number;
  readonly end: number;
}

/** A part of a list of sizes. */
export function partOf(ir: Ir, sizes: Port, { start, end }: Part): Port {
  const places = Array.from({ length: end - start }, (_, i) => start + i);
  return ir.layer('Gather', [sizes, ir.constant(int64(places)), ir.constant(int64([0], []))], {
    version: 'opset8',
    data: { batch_dims: 0 },
  });
}

/**
 * Adds the layers of an op's value.
 * @param portOf where the values that it reads are
 */
export function writeOp(
  ir: Ir,
  value: Value,
  { portOf, name }: { portOf(value: Value): Port; name: string },
): Port {
  const { source, dtype } = value;
  if (source.kind !== 'op') throw new InternalError('writeOp: not an op');
  const write = writers[source.op.onnx];
  if (!write) throw new InternalError(`openvino: ${source.op.onnx} is not written yet`);
  const type = elementTypes[dtype];
  return write({
    ir,
    value,
    type,
    name,
    inputs: readBy(value).map(portOf),
    attributes: source.attributes,
    layer: (kind, inputs, options) => ir.layer(kind, inputs, { type, name, ...options }),
  });
}
