/** A second, independent look at what the protobuf writer wrote. */

/** Fields of a message by number: varints as bigint, all others as bytes. */
export type Fields = Map<number, (bigint | Uint8Array)[]>;

export function readMessage(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = BigInt(bytes[at++]);
      value |= (byte & 127n) << shift;
      if (byte < 128n) return value;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const type = tag & 7;
    const value = type === 1 ? 8n : type === 5 ? 4n : varint();
    const content = type ? bytes.subarray(at, at + Number(value)) : value;
    if (content instanceof Uint8Array) at += content.length;
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), content]);
  }
  return fields;
}

/** Messages of a repeated field. */
export function messagesAt(fields: Fields, field: number): Fields[] {
  return (fields.get(field) ?? []).map((content) => readMessage(content as Uint8Array));
}

/** Texts of a repeated field. */
export function textsAt(fields: Fields, field: number): string[] {
  return (fields.get(field) ?? []).map((text) => new TextDecoder().decode(text as Uint8Array));
}

/** Operators of an ONNX model in the order of its nodes, the naming of outputs left out. */
export function operatorsOf(model: Uint8Array): string[] {
  const [graph] = messagesAt(readMessage(model), 7);
  const names = messagesAt(graph, 1).flatMap((node) => textsAt(node, 4));
  return names.filter((name) => name !== 'Identity');
}
