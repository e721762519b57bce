/** Writes protocol buffer messages: just what an ONNX model and TensorBoard's events need. */
export class Message {
  readonly #parts: Uint8Array[] = [];

  /** An integer field; negative ones as 64-bit two's complement. */
  integer(field: number, value: number | bigint): this {
    return this.#varint(field << 3).#varint(value);
  }

  /** A 64-bit floating-point field. */
  double(field: number, value: number): this {
    this.#varint((field << 3) | 1).#parts.push(littleEndian([value]));
    return this;
  }

  /** A 32-bit floating-point field: the nearest such number. */
  float(field: number, value: number): this {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setFloat32(0, value, true);
    this.#varint((field << 3) | 5).#parts.push(bytes);
    return this;
  }

  /** A packed repeated field of 64-bit floating-point numbers. */
  doubles(field: number, values: readonly number[]): this {
    return this.bytes(field, littleEndian(values));
  }

  /** A length-delimited field of raw bytes. */
  bytes(field: number, value: Uint8Array): this {
    this.#varint((field << 3) | 2).#varint(value.byteLength);
    this.#parts.push(value);
    return this;
  }

  /** All fields of another message, behind those that are there. */
  append(other: Message): this {
    this.#parts.push(...other.#parts);
    return this;
  }

  /** The beginning of a length-delimited field at the end, whose bytes follow the message. */
  open(field: number, length: number): this {
    return this.#varint((field << 3) | 2).#varint(length);
  }

  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: Message): this {
    return this.bytes(field, value.encode());
  }

  encode(): Uint8Array {
    const size = this.#parts.reduce((sum, part) => sum + part.byteLength, 0);
    const all = new Uint8Array(size);
    let offset = 0;
    for (const part of this.#parts) {
      all.set(part, offset);
      offset += part.byteLength;
    }
    return all;
  }

  #varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    this.#parts.push(Uint8Array.from(bytes));
    return this;
  }
}

function littleEndian(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true);
  return bytes;
}
