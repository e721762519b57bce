import { Message } from '../protobuf.ts';
import type { Tensor } from '../tensor.ts';
import { type Graph, isOp, reachable, readBy, type Value } from './graph.ts';
import {
  attributeMessage,
  nodeMessage,
  nodeName,
  nodeNamed,
  tensorHead,
  tensorMessage,
  valueInfo,
} from './onnx-messages.ts';
import { onnxTypes } from './onnx-types.ts';

/** Where the elements of a weight lie: bytes of a file beside the model. */
export interface ExternalWeight {
  /** File name relative to the model's folder. */
  readonly location: string;
  /** First byte and number of bytes. */
  readonly offset: number;
  readonly length: number;
  /** Element type in the file; a 16-bit one is cast to float32 when the graph is loaded. */
  readonly dtype: 'float32' | 'float16' | 'bfloat16';
}

// Field numbers below are those of onnx.proto (Apache-2.0, https://github.com/onnx/onnx).
const irVersion = 10;
const opset = 21;

/** Name of a value inside the model. */
function nameOf({ id, source }: Value): string {
  return source.kind === 'input' || source.kind === 'weight' ? source.name : `v${id}`;
}

/**
 * The graph as an ONNX model: what its outputs need, and nothing else. Weights stay where they are
 * and are referred to by file and offset, or become inputs behind those of the graph.
 */
export function encodeOnnx(
  graph: Graph,
  weightAt: (name: string) => ExternalWeight | 'input',
): Uint8Array {
  const body = new Message();
  const operands = new Map<string, Tensor>();
  const weightInputs: Value[] = [];
  const values = inWritingOrder(reachable(graph.outputs.values()));
  for (const value of values) {
    const { source } = value;
    if (source.kind === 'op') body.message(1, nodeMessage(value, nameOf, operands));
    if (source.kind === 'constant') body.message(5, tensorMessage(nameOf(value), source.tensor));
    if (source.kind !== 'weight') continue;
    const weight = weightAt(source.name);
    if (weight === 'input') weightInputs.push(value);
    else addWeight(body, value, weight);
  }
  for (const [name, tensor] of operands) body.message(5, tensorMessage(name, tensor));
  for (const [name, value] of graph.outputs) {
    body.message(1, nodeNamed('Identity', [nameOf(value)], name));
  }
  body.text(2, 'tactful');
  for (const value of values) {
    if (value.source.kind === 'input') body.message(11, valueInfo(value.source.name, value));
  }
  for (const value of weightInputs) body.message(11, valueInfo(nameOf(value), value));
  for (const [name, value] of graph.outputs) body.message(12, valueInfo(name, value));
  return new Message()
    .integer(1, irVersion)
    .text(2, 'tactful')
    .message(7, body)
    .message(8, new Message().text(1, '').integer(2, opset))
    .encode();
}

/**
 * Results that nothing else reads behind all others, the last made first. ONNX Runtime begins at the
 * last of them and runs what it needs, then the one before: this way in the order of making. Else
 * the gradients of the parameters would come last of all, and what they are made from would wait.
 */
function inWritingOrder(values: readonly Value[]): Value[] {
  const read = new Set(values.flatMap(readBy));
  const results = values.filter((value) => !read.has(value));
  return [...values.filter((value) => read.has(value)), ...results.reverse()];
}

/** Names of the inputs that the outputs really depend on. */
export function inputsUsed(graph: Graph): string[] {
  return reachable(graph.outputs.values()).flatMap(({ source }) =>
    source.kind === 'input' ? [source.name] : [],
  );
}

/** Names of the weights that the outputs really depend on. */
export function weightsUsed(graph: Graph): string[] {
  return reachable(graph.outputs.values()).flatMap(({ source }) =>
    source.kind === 'weight' ? [source.name] : [],
  );
}

/** Names of the nodes that tell shapes, in the model that `encodeOnnx` makes of the graph. */
export function shapeNodes(graph: Graph): string[] {
  return reachable(graph.outputs.values()).flatMap((value) =>
    isOp(value, 'Shape') ? [nodeName('Shape', nameOf(value))] : [],
  );
}

function addWeight(body: Message, value: Value, weight: ExternalWeight): void {
  const name = nameOf(value);
  const cast = weight.dtype !== 'float32';
  const stored = cast ? `${name} (${weight.dtype})` : name;
  const tensor = tensorHead(stored, onnxTypes[weight.dtype], value.shape);
  const { location, offset, length } = weight;
  for (const [key, entry] of Object.entries({ location, offset, length })) {
    tensor.message(13, new Message().text(1, key).text(2, String(entry)));
  }
  body.message(5, tensor.integer(14, 1));
  if (cast) {
    const to = attributeMessage('to', onnxTypes.float32);
    body.message(1, nodeNamed('Cast', [stored], name).message(5, to));
  }
}
