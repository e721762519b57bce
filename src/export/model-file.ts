import type { Choice, ExportedModel } from '../family/exported-model.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { nodeNamed, tensorHead, valueInfo } from '../graph/onnx-messages.ts';
import { Message } from '../protobuf.ts';
import type { Precision } from './dtypes.ts';
import { type Lowering, lower, modelType } from './lower.ts';
import { type LoadWeight, type StoredTensor, weightStore } from './stored.ts';

// All operators that graphs have are in opset 18; the lower, the more runtimes load the file.
const irVersion = 8;
const opset = 18;

/** The bytes of a model: its file, and for a large one a second file that holds the weights. */
export interface ModelFile {
  readonly parts: readonly Part[];
  /** What lies in the file for the weights; empty when they are part of the model's file. */
  readonly external: readonly Part[];
}

/** Bytes, or a tensor whose bytes are loaded when it is written. */
export type Part = Uint8Array | StoredTensor;

export interface ModelFileOptions {
  readonly precision: Precision;
  readonly load: LoadWeight;
  /** Name of the file for the weights, when they are too large for one file. */
  readonly dataFile: string;
  /** Most bytes of the model's file. @default 2e9: protocol buffers end at 2 GiB */
  readonly limit?: number;
}

/** Lays out the file of a model; weights are loaded when their turn comes. */
export function modelFile(
  { graph, choice, inputs, outputs, isHalf = () => false }: ExportedModel,
  { precision, load, dataFile, limit = 2e9 }: ModelFileOptions,
): ModelFile {
  const weights = weightStore(load);
  const constants = new Map<string, Message>();
  const shared = { precision, weights, constants, isHalf };
  const typed = (dtype: Value['dtype'], name: string) => modelType(dtype, isHalf(name), precision);
  const info = (name: string, { dtype, shape }: Pick<Value, 'dtype' | 'shape'>) =>
    valueInfo(name, { dtype: typed(dtype, name), shape });

  const body = new Message();
  if (choice) body.message(1, choiceNode(choice, graph, shared, info));
  const inputNames = new Map(choice?.chosen.map(({ input, output }) => [input, output]));
  body.append(lower(graph, { ...shared, prefix: '', inputNames }));
  for (const constant of constants.values()) body.message(5, constant);
  body.text(2, 'tactful');
  for (const [name, value] of inputs) body.message(11, info(name, value));
  for (const [name, value] of outputs) body.message(12, info(name, value));
  return laidOut(body.encode(), [...weights.tensors.values()], { dataFile, limit });
}

/** `isGiven ? given : computed`, an If with a graph for each case. */
function choiceNode(
  { isGiven, chosen, computed }: Choice,
  graph: Graph,
  shared: Omit<Lowering, 'prefix'>,
  info: (name: string, value: Value) => Message,
): Message {
  const prefix = 'computed.';
  const [then, otherwise] = [new Message(), lower(computed, { ...shared, prefix })];
  for (const { input, given } of chosen) {
    const value = graph.inputs.get(input)!;
    then.message(1, nodeNamed('Identity', [given], `given.${input}`));
    then.message(12, info(`given.${input}`, value));
    otherwise.message(12, info(prefix + input, value));
  }
  const outputs = chosen.map(({ output }) => output);
  return nodeNamed('If', [isGiven], ...outputs)
    .message(5, graphAttribute('then_branch', then))
    .message(5, graphAttribute('else_branch', otherwise));
}

function graphAttribute(name: string, graph: Message): Message {
  return new Message().text(1, name).message(6, graph.text(2, name)).integer(20, 5);
}

/** Tensors inside the file, or beside it when that would be too large. */
function laidOut(
  body: Uint8Array,
  tensors: readonly StoredTensor[],
  { dataFile, limit }: { dataFile: string; limit: number },
): ModelFile {
  const inside = tensors.flatMap((tensor): Part[] => {
    const { name, type, shape, length } = tensor;
    const head = tensorHead(name, type, shape).open(9, length).encode();
    return [new Message().open(5, head.length + length).encode(), head, tensor];
  });
  const whole = [body, ...inside];
  if (bytesOf(whole) <= limit) return { parts: [modelHead(whole), ...whole], external: [] };
  const external: Part[] = [];
  const refers = new Message();
  for (const tensor of tensors) {
    const { name, type, shape, length } = tensor;
    const entries = { location: dataFile, offset: bytesOf(external), length };
    const message = tensorHead(name, type, shape);
    for (const [key, entry] of Object.entries(entries)) {
      message.message(13, new Message().text(1, key).text(2, String(entry)));
    }
    refers.message(5, message.integer(14, 1));
    external.push(tensor);
  }
  const parts = [body, refers.encode()];
  return { parts: [modelHead(parts), ...parts], external };
}

/** All of an ONNX ModelProto before the fields of its graph. */
function modelHead(graph: readonly Part[]): Uint8Array {
  return new Message()
    .integer(1, irVersion)
    .text(2, 'tactful')
    .message(8, new Message().text(1, '').integer(2, opset))
    .open(7, bytesOf(graph))
    .encode();
}

/** Length of some parts in bytes. */
export function bytesOf(parts: readonly Part[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}
