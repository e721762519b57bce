/** Frozen weights, one copy for all sessions of a backend: as they lie in their file, or in memory. I/O. */

import { float32, sizeOf, type Tensor } from '../tensor.ts';
import { readFloats, withPieces } from '../tensors/safetensors.ts';
import type { SharedWeight } from './backend.ts';
import { type MappedFiles, mappedFiles } from './mapped-files.ts';
import { roomFor } from './states.ts';
import { mustBeRead, type WeightLocation } from './weight-source.ts';

interface Entry {
  readonly held: Promise<Held>;
  users: number;
}

interface Held {
  readonly tensor: Tensor<'float32'>;
  /** Gives the memory back at once. */
  free(): void;
}

/** Weights that are in use. */
export interface SharedWeights {
  /** Values by name, read where nobody holds them yet. Each call needs a `release`. */
  acquire(weights: readonly SharedWeight[]): Promise<Map<string, Tensor<'float32'>>>;
  release(weights: readonly SharedWeight[]): void;
  /** Gives pages of files back to the system, which reads them again when somebody does. */
  rest(): void;
}

/** No weights yet. */
export function sharedWeights(): SharedWeights {
  const entries = new Map<string, Entry>();
  const files = mappedFiles();
  let last: Promise<unknown> = Promise.resolve();
  /** One after another: each needs a piece's memory while it is read. */
  const entryOf = (weight: SharedWeight): Entry => {
    const held = last.then(() => heldFrom(weight, files));
    last = held.catch(() => {});
    return { held, users: 0 };
  };
  const release = (weights: readonly SharedWeight[]) => {
    for (const weight of weights) {
      const entry = entries.get(keyOf(weight));
      if (!entry || --entry.users > 0) continue;
      entries.delete(keyOf(weight));
      void entry.held.then(
        ({ free }) => free(),
        () => {},
      );
    }
  };
  return {
    async acquire(weights) {
      const all = weights.map((weight) => {
        const entry = entries.get(keyOf(weight)) ?? entryOf(weight);
        entries.set(keyOf(weight), entry);
        entry.users++;
        return entry.held;
      });
      try {
        const held = await Promise.all(all);
        return new Map(weights.map(({ name }, i) => [name, held[i].tensor]));
      } catch (error) {
        await Promise.allSettled(all);
        release(weights);
        throw error;
      }
    },
    release,
    rest: files.release,
  };
}

function keyOf({ name, shape, within = shape, place }: SharedWeight): string {
  if ('values' in place) return `source ${place.source} ${name} [${within}]`;
  const { file, offset, dtype, strides } = place;
  return `${file} ${offset} [${shape}] [${within}] ${dtype} [${strides ?? ''}]`;
}

async function heldFrom(
  { shape, within = shape, place }: SharedWeight,
  files: MappedFiles,
): Promise<Held> {
  const kept = (data: Float32Array, free = () => {}) => ({ tensor: float32(data, within), free });
  const isWider = String(within) !== String(shape);
  if ('values' in place && !isWider) return kept(place.values);
  const mapped = !isWider && isFloats(place) ? files.floats(place) : undefined;
  if (mapped) return kept(mapped.array, mapped.free);
  const { array, free } = roomFor('float32', sizeOf(within));
  try {
    const [width, stride] = [shape, within].map((sizes) => sizes[sizes.length - 1] ?? 1);
    let at = 0;
    const take = (rows: Float32Array) => {
      for (let start = 0; start < rows.length; start += width, at += stride) {
        array.set(rows.subarray(start, start + width), at);
      }
    };
    if ('values' in place) take(place.values);
    else if (place.dtype !== 'float32' || place.strides)
      take(await readFloats({ ...place, shape }));
    else {
      // in pieces: a copy of each weight would wait for the garbage collector
      const pieces = { ...place, pieceBytes: 4 * width * Math.ceil(pieceSize / width) };
      await withPieces(place.file, pieces, ({ buffer, length }) =>
        take(new Float32Array(buffer, 0, length / 4)),
      );
    }
    return kept(array as Float32Array, free);
  } catch (error) {
    free();
    throw error;
  }
}

/** Whether a file has a weight as it is computed with. */
function isFloats(place: SharedWeight['place']): place is WeightLocation {
  return 'file' in place && place.dtype === 'float32' && !mustBeRead(place);
}

/** Elements that are read at a time, or a little more: whole rows. */
const pieceSize = 2 ** 16;
