/** I/O: weights in bf16, once for all sessions of a backend, in a file of the cache folder. */
import { randomUUID } from 'node:crypto';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFloats } from '../tensors/safetensors.ts';
import type { SharedWeight } from './backend.ts';
import { cacheFolder } from './openvino-files.ts';
import type { Bytes } from './openvino-weights.ts';

/** Weights in bf16 so far. */
export interface NarrowWeights {
  /** Where a weight is, made if it is new. */
  bytesOf(weight: SharedWeight): Promise<Bytes>;
  close(): void;
}

/** None yet. The file is there as long as the backend is: pages of it that nobody reads cost no memory. */
export function narrowWeights(): NarrowWeights {
  const known = new Map<string, Promise<Bytes>>();
  let place: { file: string; handle: number } | undefined;
  let size = 0;
  const write = async (weight: SharedWeight): Promise<Bytes> => {
    const values = inBfloat16(await valuesOf(weight));
    const bytes = new Uint8Array(values.buffer);
    place ??= newFile();
    const { file, handle } = place;
    const offset = size;
    size += Math.ceil(bytes.length / 64) * 64;
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(handle, bytes, done, bytes.length - done, offset + done);
    }
    return { file, offset, length: bytes.length };
  };
  return {
    bytesOf(weight) {
      const key = keyOf(weight);
      const bytes = known.get(key) ?? write(weight);
      known.set(key, bytes);
      bytes.catch(() => known.delete(key));
      return bytes;
    },
    close() {
      if (!place) return;
      closeSync(place.handle);
      rmSync(place.file, { force: true });
    },
  };
}

function keyOf({ name, shape, place }: SharedWeight): string {
  if ('values' in place) return `source ${place.source} ${name}`;
  const { file, offset, dtype, strides } = place;
  return `${file} ${offset} [${shape}] ${dtype} [${strides ?? ''}]`;
}

async function valuesOf({ shape, place }: SharedWeight): Promise<Float32Array> {
  return 'values' in place ? place.values : readFloats({ ...place, shape });
}

function newFile(): { file: string; handle: number } {
  const name = `openvino-${process.pid}-${randomUUID()}.bf16`;
  const at = (folder: string) => {
    mkdirSync(folder, { recursive: true });
    const file = join(folder, name);
    const handle = openSync(file, 'wx+');
    process.once('exit', () => rmSync(file, { force: true }));
    return { file, handle };
  };
  try {
    return at(cacheFolder());
  } catch {
    return at(tmpdir());
  }
}

/** Rounded to nearest, ties to even. Faster than tensors/half.ts, and for float32 alone. */
export function inBfloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    const isNan = (word & 0x7fffffff) > 0x7f800000;
    out[i] = isNan ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
  return out;
}
