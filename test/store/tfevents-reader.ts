/** A second, independent look at TensorBoard's event files. */
import { type Fields, messagesAt, readMessage, textsAt } from '../graph/protobuf-reader.ts';

export interface Histo {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** One event, with what it shows by tags. */
export interface Told {
  readonly time: number;
  readonly step: number;
  readonly version?: string | undefined;
  readonly restart: boolean;
  readonly scalars: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, string>>;
  readonly histograms: Readonly<Record<string, Histo>>;
}

/** @throws where a length or a checksum is wrong, or a record is not whole */
export function readEventFile(file: Uint8Array): Told[] {
  const events: Told[] = [];
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  for (let at = 0; at < file.length; ) {
    const length = Number(view.getBigUint64(at, true));
    const bytes = file.subarray(at + 12, at + 12 + length);
    const sums = [view.getUint32(at + 8, true), view.getUint32(at + 12 + length, true)];
    if (sums[0] !== masked(file.subarray(at, at + 8))) throw new Error(`length at ${at}`);
    if (sums[1] !== masked(bytes)) throw new Error(`record at ${at}`);
    events.push(told(readMessage(bytes)));
    at += length + 16;
  }
  return events;
}

function told(event: Fields): Told {
  const values = messagesAt(event, 5).flatMap((summary) => messagesAt(summary, 1));
  const named = <T>(field: number, read: (value: Fields) => T): Record<string, T> => {
    const having = values.filter((value) => value.has(field));
    return Object.fromEntries(having.map((value) => [textsAt(value, 1)[0], read(value)]));
  };
  return {
    time: doublesAt(event, 1)[0],
    step: Number(event.get(2)?.[0] ?? 0n),
    version: textsAt(event, 3)[0],
    restart: messagesAt(event, 7).some((log) => log.get(1)?.[0] === 1n),
    scalars: named(2, (value) => {
      const bytes = value.get(2)?.[0] as Uint8Array;
      return new DataView(bytes.buffer, bytes.byteOffset).getFloat32(0, true);
    }),
    texts: named(8, (value) => textsAt(messagesAt(value, 8)[0], 8)[0]),
    histograms: named(5, (value) => histo(messagesAt(value, 5)[0])),
  };
}

function histo(fields: Fields): Histo {
  const [min, max, count] = [1, 2, 3].map((field) => doublesAt(fields, field)[0]);
  return { min, max, count, limits: doublesAt(fields, 6), counts: doublesAt(fields, 7) };
}

function doublesAt(fields: Fields, field: number): number[] {
  const [bytes] = (fields.get(field) ?? []) as Uint8Array[];
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

/** Bit by bit, as RFC 3720 says it. */
function masked(bytes: Uint8Array): number {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = (crc >> 1n) ^ (crc & 1n ? 0x82f63b78n : 0n);
  }
  crc ^= 0xffffffffn;
  return Number(((((crc >> 15n) | (crc << 17n)) & 0xffffffffn) + 0xa282ead8n) & 0xffffffffn);
}
