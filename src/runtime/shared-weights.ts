/** Frozen weights in memory, one copy for all sessions of a backend. I/O. */

import { float32, type Tensor } from '../tensor.ts';
import { readFloats } from '../tensors/safetensors.ts';
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
    tensor: valuesOf(weight).then((data) => float32(data, weight.shape)),
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

function keyOf({ name, shape, place }: SharedWeight): string {
  if ('values' in place) return `source ${place.source} ${name}`;
  const { file, offset, dtype, strides } = place;
  return `${file} ${offset} [${shape}] ${dtype} [${strides ?? ''}]`;
}

async function valuesOf({ shape, place }: SharedWeight): Promise<Float32Array> {
  return 'values' in place ? place.values : readFloats({ ...place, shape });
}
