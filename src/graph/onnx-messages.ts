// Messages of onnx.proto (Apache-2.0, https://github.com/onnx/onnx); the numbers are its field numbers.
import { InternalError } from '../errors.ts';
import { Message } from '../protobuf.ts';
import type { Tensor } from '../tensor.ts';
import { type OnnxAttribute, readBy, type Shape, type Value } from './graph.ts';
import { onnxTypes } from './onnx-types.ts';

/**
 * The node of an op's result.
 * @param nameOf names of values inside the model
 * @param operands takes the constants that the node reads besides
 */
export function nodeMessage(
  value: Value,
  nameOf: (value: Value) => string,
  operands: Map<string, Tensor>,
): Message {
  if (value.source.kind !== 'op') throw new InternalError('nodeMessage: not an op');
  const { op, attributes } = value.source;
  const encoded = op.encode?.(attributes) ?? {
    attributes: attributes as Record<string, OnnxAttribute>,
  };
  const names = readBy(value).map(nameOf);
  for (const operand of encoded.operands ?? []) {
    const name = `i64[${(operand.data as BigInt64Array).join()}]`;
    operands.set(name, operand);
    names.push(name);
  }
  const node = nodeNamed(op.onnx, names, nameOf(value));
  for (const [name, attribute] of Object.entries(encoded.attributes ?? {})) {
    node.message(5, attributeMessage(name, attribute));
  }
  return node;
}

/** A node of an operator, without attributes. */
export function nodeNamed(
  type: string,
  inputs: readonly string[],
  ...outputs: readonly string[]
): Message {
  const node = new Message();
  for (const input of inputs) node.text(1, input);
  for (const output of outputs) node.text(2, output);
  return node.text(3, nodeName(type, outputs[0])).text(4, type);
}

/** What a node is called, after its operator and its first output. */
export function nodeName(type: string, output: string): string {
  return `${type} ${output}`;
}

/** An attribute of a node. */
export function attributeMessage(name: string, attribute: OnnxAttribute): Message {
  const message = new Message().text(1, name);
  if (typeof attribute === 'number') return message.integer(3, attribute).integer(20, 2);
  if (typeof attribute === 'string') {
    return message.bytes(4, new TextEncoder().encode(attribute)).integer(20, 3);
  }
  if ('float' in attribute) return message.float(2, attribute.float).integer(20, 1);
  for (const one of attribute) message.integer(8, one);
  return message.integer(20, 7);
}

/**
 * A tensor without its elements.
 * @param type ONNX's number of the element type
 */
export function tensorHead(name: string, type: number, shape: Shape): Message {
  const message = new Message();
  for (const dim of shape) message.integer(1, Number(dim));
  return message.integer(2, type).text(8, name);
}

/** A tensor with its elements. */
export function tensorMessage(name: string, { dtype, shape, data }: Tensor): Message {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return tensorHead(name, onnxTypes[dtype], shape).bytes(9, bytes);
}

/** Name, element type and shape of an input or an output. */
export function valueInfo(name: string, { dtype, shape }: Pick<Value, 'dtype' | 'shape'>): Message {
  const dims = new Message();
  for (const dim of shape) {
    const size = new Message();
    dims.message(1, typeof dim === 'number' ? size.integer(1, dim) : size.text(2, dim));
  }
  const type = new Message().integer(1, onnxTypes[dtype]).message(2, dims);
  return new Message().text(1, name).message(2, new Message().message(1, type));
}
