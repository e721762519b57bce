/** I/O: weights and constants of a model in one stretch of addresses, files mapped into it. */
import { closeSync, openSync, readSync } from 'node:fs';
import { unread } from '../disk/words.ts';
import type { SharedWeight } from './backend.ts';
import { mustBeRead } from './encode.ts';
import { type Mapping, mapMemory } from './native.ts';
import type { Slot } from './openvino-ir.ts';
import type { WeightLocation } from './weight-source.ts';

/** Memory that a model's constants lie in. */
export interface Stretch {
  readonly address: bigint;
  readonly length: number;
  /** Where a weight begins. */
  offsetOf(slot: Slot): number;
  /** Gives back pages of files, which come again when they are read. */
  release(): void;
  /** Gives back all. The library must have no model of it any more. */
  free(): void;
}

/** What a stretch is made with. */
interface StretchOptions {
  /** Of the weights that must be read, by name. */
  readonly values: ReadonlyMap<string, Float32Array>;
  /** Addresses of each weight. */
  readonly copies: 1 | 2;
}

/** Files begin at whole pages, of any system. */
const page = 2 ** 16;

/**
 * Constants first, then weights: those of files where the system maps them, twice for a second address,
 * others as float32, which are asked for a second address as well.
 */
export function stretchOf(
  constants: Uint8Array,
  weights: readonly SharedWeight[],
  { values, copies }: StretchOptions,
): Stretch {
  let length = 0;
  const take = (bytes: number, alignment: number) => {
    const start = Math.ceil(length / alignment) * alignment;
    length = start + bytes;
    return start;
  };
  take(constants.length, 1);
  const read = new Map<string, number[]>();
  const slots = Array.from({ length: copies }, (_, copy) => copy);
  for (const [name, { length }] of values)
    read.set(
      name,
      slots.map(() => take(4 * length, 64)),
    );
  const files = new Map<string, { size: number; starts: readonly number[] }>();
  for (const { place } of weights) {
    if (!isMapped(place)) continue;
    const size = Math.max(files.get(place.file)?.size ?? 0, place.offset + place.length);
    files.set(place.file, { size, starts: [] });
  }
  for (const [file, { size }] of files) {
    files.set(file, { size, starts: slots.map(() => take(size, page)) });
  }
  const mapping = mapMemory(Math.max(length, 1));
  try {
    const bytes = mapping.view(0, length);
    bytes.set(constants);
    for (const [name, starts] of read) {
      const { buffer, byteOffset, byteLength } = values.get(name)!;
      for (const start of starts) bytes.set(new Uint8Array(buffer, byteOffset, byteLength), start);
    }
    for (const [file, { size, starts }] of files) mapFile(mapping, file, size, starts);
  } catch (error) {
    mapping.free();
    throw error;
  }
  return {
    address: mapping.address,
    length,
    offsetOf({ index, copy }) {
      const { name, place } = weights[index];
      if (isMapped(place)) return files.get(place.file)!.starts[copy] + place.offset;
      return read.get(name)![copy];
    },
    release() {
      for (const { size, starts } of files.values())
        for (const start of starts) mapping.release(start, size);
    },
    free: mapping.free,
  };
}

/** Whether a weight is mapped as it lies in its file. */
export function isMapped(place: SharedWeight['place']): place is WeightLocation {
  return 'file' in place && !mustBeRead(place);
}

function mapFile(mapping: Mapping, file: string, size: number, starts: readonly number[]): void {
  const handle = opened(file);
  try {
    for (const start of starts) {
      if (mapping.mapFile(handle, start, size)) continue;
      readSync(handle, mapping.view(start, size), 0, size, 0);
    }
  } finally {
    closeSync(handle);
  }
}

function opened(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (cause) {
    throw unread(`weights ${file}`, cause);
  }
}
