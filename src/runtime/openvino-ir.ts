/** Writes OpenVINO's intermediate representation: XML, and the elements of its constants. */
import type { DType, Tensor } from '../tensor.ts';

/** A result of a layer. */
export interface Port {
  readonly layer: number;
  readonly port: number;
  readonly type: ElementType;
}

/** Element types by OpenVINO's names. */
export const elementTypes = {
  float32: 'f32',
  float16: 'f16',
  bfloat16: 'bf16',
  int32: 'i32',
  int64: 'i64',
  bool: 'boolean',
} as const satisfies Record<DType, string>;
/** Name of an element type. */
export type ElementType = (typeof elementTypes)[DType];

/** Ports have another spelling. */
const precisions: Readonly<Record<ElementType, string>> = {
  f32: 'FP32',
  f16: 'FP16',
  bf16: 'BF16',
  i32: 'I32',
  i64: 'I64',
  boolean: 'BOOL',
};

/** What a layer is besides its inputs. */
export interface LayerOptions {
  /** Of its result. @default that of the first input */
  readonly type?: ElementType | undefined;
  /** @default opset1 */
  readonly version?: string;
  readonly data?: Readonly<Record<string, string | number | boolean>>;
  /** By which results and profiles tell it. @default its number */
  readonly name?: string | undefined;
  /** By which a tensor is given to it. */
  readonly tensor?: string;
  /** Remarks that passes of the library go by. */
  readonly remarks?: readonly string[];
}

/** A model under construction. */
export interface Ir {
  /** Adds a layer. @returns its only result */
  layer(type: string, inputs: readonly Port[], options?: LayerOptions): Port;
  /** A constant whose elements come with the model. */
  constant(tensor: Tensor): Port;
  /** A constant whose elements lie behind those that come with the model, at a place that `put` is told later. */
  weight(options: WeightOptions): Port;
  /** The model so far. */
  finish(): IrModel;
}

/** A constant from elsewhere. */
export interface WeightOptions {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  /** Its place among the weights of the model, and which copy of it. */
  readonly slot: Slot;
}

/** Which weight is meant, and as what: one that is there twice has two addresses. */
export interface Slot {
  readonly index: number;
  readonly copy: 0 | 1;
  readonly type: ElementType;
}

/** A model whose weights have no place yet. */
export interface IrModel {
  readonly xml: string;
  readonly constants: Uint8Array;
}

/** An empty model. */
export function newIr(): Ir {
  const layers: string[] = [];
  const edges: string[] = [];
  const pieces: Uint8Array[] = [];
  const known = new Map<string, Port>();
  let size = 0;

  const layer = (type: string, inputs: readonly Port[], options: LayerOptions = {}): Port => {
    const id = layers.length;
    const { version = 'opset1', data = {}, name = `${id}`, remarks = [], tensor } = options;
    const attributes = Object.entries(data).map(([key, value]) => ` ${key}="${escaped(value)}"`);
    const result: Port = { layer: id, port: inputs.length, type: options.type ?? inputs[0].type };
    const named = tensor === undefined ? '' : ` names="${escaped(tensor)}"`;
    layers.push(
      [
        `<layer id="${id}" name="${escaped(name)}" type="${type}" version="${version}">`,
        attributes.length > 0 ? `<data${attributes.join('')}/>` : '',
        remarks.length > 0
          ? `<rt_info>${remarks.map((one) => `<attribute name="${one}" version="0"/>`).join('')}</rt_info>`
          : '',
        inputs.length > 0 ? `<input>${inputs.map(portText).join('')}</input>` : '',
        type === 'Result' || type === 'Assign'
          ? ''
          : `<output><port id="${result.port}" precision="${precisions[result.type]}"${named}/></output>`,
        '</layer>',
      ].join(''),
    );
    for (const [i, from] of inputs.entries()) {
      edges.push(
        `<edge from-layer="${from.layer}" from-port="${from.port}" to-layer="${id}" to-port="${i}"/>`,
      );
    }
    return result;
  };

  return {
    layer,
    constant({ dtype, shape, data }) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      const key =
        bytes.length <= 64 ? `${dtype} ${shape} ${Buffer.from(bytes).toString('hex')}` : '';
      const found = known.get(key);
      if (found) return found;
      const type = elementTypes[dtype];
      const place = { offset: size, size: bytes.length };
      const port = layer('Const', [], {
        type,
        data: { element_type: type, shape: shape.join(), ...place },
      });
      pieces.push(bytes, new Uint8Array(-bytes.length & 7));
      size += bytes.length + (-bytes.length & 7);
      if (key !== '') known.set(key, port);
      return port;
    },
    weight({ name, shape, bytes, slot: { index, copy, type } }) {
      const offset = `weight:${index}:${copy}:${type}`;
      const data = { element_type: type, shape: shape.join(), offset };
      return layer('Const', [], { type, name, data: { ...data, size: bytes } });
    },
    finish() {
      const constants = new Uint8Array(size);
      let at = 0;
      for (const piece of pieces) {
        constants.set(piece, at);
        at += piece.length;
      }
      const xml = `<?xml version="1.0"?><net name="graph" version="11"><layers>${layers.join('\n')}</layers><edges>${edges.join('')}</edges><rt_info/></net>`;
      return { xml, constants };
    },
  };
}

const places = /"weight:(\d+):([01]):(\w+)"/g;

/** The weights that a model wants, each once. */
export function slotsIn(xml: string): Slot[] {
  const found = new Map([...xml.matchAll(places)].map((match) => [match[0], slotOf(match)]));
  return [...found.values()];
}

/** The model with its weights where they are: `offsetOf` in bytes from the first constant. */
export function placed(xml: string, offsetOf: (slot: Slot) => number): string {
  return xml.replaceAll(places, (...match) => `"${offsetOf(slotOf(match))}"`);
}

function slotOf([, index, copy, type]: readonly string[]): Slot {
  return { index: Number(index), copy: copy === '1' ? 1 : 0, type: type as ElementType };
}

function portText({ type }: Port, i: number): string {
  return `<port id="${i}" precision="${precisions[type]}"/>`;
}

function escaped(value: string | number | boolean): string {
  return `${value}`
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** XML and constants as one piece of bytes, as they cross threads. */
export function packed({ xml, constants }: IrModel): Uint8Array {
  const text = new TextEncoder().encode(xml);
  const all = new Uint8Array(8 + text.length + constants.length);
  new DataView(all.buffer).setUint32(0, text.length, true);
  all.set(text, 8);
  all.set(constants, 8 + text.length);
  return all;
}

/** What `packed` made one. */
export function unpacked(all: Uint8Array): IrModel {
  const length = new DataView(all.buffer, all.byteOffset).getUint32(0, true);
  const xml = new TextDecoder().decode(all.subarray(8, 8 + length));
  return { xml, constants: all.subarray(8 + length) };
}
