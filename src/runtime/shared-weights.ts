/** Frozen weights in memory, one copy for all sessions of a backend. I/O. */

import { float32, sizeOf, type Tensor } from '../tensor.ts';
import { readFloats, withPieces } from '../tensors/safetensors.ts';
import type { SharedWeight } from './backend.ts';

interface Entry {
  readonly tensor: Promise<Tensor<'float32'>>;
  users: number;
}

/** Weights that are in use. */
export interface SharedWeights {
  /** Values by name, read where nobody holds them yet. Each call needs a `release`. */
  acquire(weights: readonly SharedWeight[]): Promise<Map<string, Tensor<'float32'>>>;
  release(weights: readonly SharedWeight[]): void;
}

/** No weights yet. */
export function sharedWeights(): SharedWeights {
  const entries = new Map<string, Entry>();
  const entryOf = (weight: SharedWeight): Entry => ({
    tensor: valuesOf(weight).then((data) => float32(data, weight.within ?? weight.shape)),
    users: 0,
  });
  const release = (weights: readonly SharedWeight[]) => {
    for (const weight of weights) {
      const entry = entries.get(keyOf(weight));
      if (entry && --entry.users === 0) entries.delete(keyOf(weight));
    }
  };
  return {
    async acquire(weights) {
      const tensors = weights.map((weight) => {
        const entry = entries.get(keyOf(weight)) ?? entryOf(weight);
        entries.set(keyOf(weight), entry);
        entry.users++;
        return entry.tensor;
      });
      try {
        const values = await Promise.all(tensors);
        return new Map(weights.map(({ name }, i) => [name, values[i]]));
      } catch (error) {
        await Promise.allSettled(tensors);
        release(weights);
        throw error;
      }
    },
    release,
  };
}

function keyOf({ name, shape, within = shape, place }: SharedWeight): string {
  if ('values' in place) return `source ${place.source} ${name} [${within}]`;
  const { file, offset, dtype, strides } = place;
  return `${file} ${offset} [${shape}] [${within}] ${dtype} [${strides ?? ''}]`;
}

async function valuesOf({ shape, within, place }: SharedWeight): Promise<Float32Array> {
  const values = () => ('values' in place ? place.values : readFloats({ ...place, shape }));
  if (!within) return values();
  const [width, room] = [shape, within].map((sizes) => sizes[sizes.length - 1]);
  const wide = new Float32Array(sizeOf(within));
  let row = 0;
  const take = (rows: Float32Array) => {
    for (let start = 0; start < rows.length; start += width) {
      wide.set(rows.subarray(start, start + width), room * row++);
    }
  };
  if ('values' in place || place.dtype !== 'float32' || place.strides) take(await values());
  else {
    // in pieces: a copy of each weight would wait for the garbage collector
    const pieces = { ...place, pieceBytes: 64 * 4 * width };
    await withPieces(place.file, pieces, ({ buffer, length }) =>
      take(new Float32Array(buffer, 0, length / 4)),
    );
  }
  return wide;
}
