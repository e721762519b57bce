/**
 * Records of a TensorBoard event file: TFRecords of `Event` messages. Pure. The numbers are the field
 * numbers of event.proto, summary.proto and tensor.proto of TensorFlow (Apache-2.0).
 * @see https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto
 */
import { Message } from '../protobuf.ts';
import type { Histogram } from './histogram.ts';

/** When and at which step something is told. */
export interface Moment {
  /** Seconds since 1970. */
  readonly time: number;
  readonly step: number;
}

/** The first record of a file. */
export function versionRecord(time: number): Uint8Array {
  return record(new Message().double(1, time).text(3, 'brain.Event:2'));
}

/** Takes back all that readers know of the step and of later ones. */
export function restartRecord({ time, step }: Moment): Uint8Array {
  const start = new Message().integer(1, 1);
  return record(new Message().double(1, time).integer(2, step).message(7, start));
}

/** One thing to see: a field of `Summary.Value` under its tag. */
export type Value = readonly [tag: string, value: Message];

/** Values of one step. */
export function summaryRecord({ time, step }: Moment, values: readonly Value[]): Uint8Array {
  const summary = new Message();
  for (const [tag, value] of values) summary.message(1, new Message().text(1, tag).append(value));
  return record(new Message().double(1, time).integer(2, step).message(5, summary));
}

/** A number as the nearest 32-bit one. Readers keep 10,000 of a tag, where they keep 10 tensors. */
export function scalarValue(tag: string, value: number): Value {
  return [tag, new Message().float(2, value)];
}

export function histogramValue(tag: string, histogram: Histogram): Value {
  const { min, max, count, sum, sumOfSquares, limits, counts } = histogram;
  const message = new Message().double(1, min).double(2, max).double(3, count).double(4, sum);
  message.double(5, sumOfSquares).doubles(6, limits).doubles(7, counts);
  return [tag, new Message().message(5, message)];
}

/** Markdown, for TensorBoard's page of texts. */
export function textValue(tag: string, markdown: string): Value {
  const [string, tensors] = [7, 2]; // DT_STRING, DATA_CLASS_TENSOR
  const shape = new Message().message(2, new Message().integer(1, 1));
  const tensor = new Message().integer(1, string).message(2, shape).text(8, markdown);
  const plugin = new Message().text(1, 'text');
  const metadata = new Message().message(1, plugin).integer(4, tensors);
  return [tag, new Message().message(8, tensor).message(9, metadata)];
}

/** Length, its checksum, the bytes, theirs. */
function record(event: Message): Uint8Array {
  const bytes = event.encode();
  const framed = new Uint8Array(bytes.length + 16);
  const view = new DataView(framed.buffer);
  view.setBigUint64(0, BigInt(bytes.length), true);
  view.setUint32(8, maskedCrc(framed.subarray(0, 8)), true);
  framed.set(bytes, 12);
  view.setUint32(12 + bytes.length, maskedCrc(bytes), true);
  return framed;
}

/** A CRC may not be the CRC of what holds one: TFRecords rotate it and add a constant. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Castagnoli's polynomial, its bits in reverse. */
const polynomial = 0x82f63b78;
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? polynomial : 0);
  return rest;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}
