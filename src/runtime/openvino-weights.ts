/** I/O: weights and constants of a model in one stretch of addresses, files mapped into it. */
import { readSync } from 'node:fs';
import type { SharedWeight } from './backend.ts';
import { withWeights } from './mapped-files.ts';
import { type Mapping, mapMemory } from './native.ts';
import type { Slot } from './openvino-ir.ts';
import { mustBeRead, type WeightLocation } from './weight-source.ts';

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

/** Where the bytes of a weight are, as the model wants them. */
export type Bytes =
  | { readonly file: string; readonly offset: number; readonly length: number }
  | { readonly values: Uint8Array };

/** Files begin at whole pages, of any system. */
const page = 2 ** 16;

/**
 * Constants first, then weights: those of files where the system maps them.
 * @param bytesOf where a slot's bytes are
 */
export function stretchOf(
  constants: Uint8Array,
  slots: readonly Slot[],
  bytesOf: (slot: Slot) => Bytes,
): Stretch {
  let length = 0;
  const take = (bytes: number, alignment: number) => {
    const start = Math.ceil(length / alignment) * alignment;
    length = start + bytes;
    return start;
  };
  take(constants.length, 1);
  const values = new Map<string, { start: number; bytes: Uint8Array }>();
  const files = new Map<string, { file: string; size: number; start: number }>();
  for (const slot of slots) {
    const bytes = bytesOf(slot);
    if ('values' in bytes) {
      const start = take(bytes.values.length, 64);
      values.set(keyOf(slot), { start, bytes: bytes.values });
      continue;
    }
    const { file, offset } = bytes;
    const key = `${slot.copy} ${file}`; // a second address is in a second mapping
    const size = Math.max(files.get(key)?.size ?? 0, offset + bytes.length);
    files.set(key, { file, size, start: 0 });
  }
  for (const [key, place] of files) {
    files.set(key, { ...place, start: take(place.size, page) });
  }
  const mapping = mapMemory(Math.max(length, 1));
  try {
    const memory = mapping.view(0, length);
    memory.set(constants);
    for (const { start, bytes } of values.values()) memory.set(bytes, start);
    for (const place of files.values()) mapFile(mapping, place);
  } catch (error) {
    mapping.free();
    throw error;
  }
  return {
    address: mapping.address,
    length,
    offsetOf(slot) {
      const bytes = bytesOf(slot);
      if ('values' in bytes) return values.get(keyOf(slot))!.start;
      return files.get(`${slot.copy} ${bytes.file}`)!.start + bytes.offset;
    },
    release() {
      for (const { start, size } of files.values()) mapping.release(start, size);
    },
    free: mapping.free,
  };
}

function keyOf({ index, copy, type }: Slot): string {
  return `${index} ${copy} ${type}`;
}

/** Whether a weight lies in its file as a library can map it. */
export function isMapped(place: SharedWeight['place']): place is WeightLocation {
  return 'file' in place && !mustBeRead(place);
}

function mapFile(
  mapping: Mapping,
  { file, size, start }: { file: string; size: number; start: number },
): void {
  withWeights(file, size, (handle) => {
    if (mapping.mapFile(handle, start, size)) return;
    const memory = mapping.view(start, size);
    for (let done = 0; done < size; ) {
      done += readSync(handle, memory, done, Math.min(size - done, 2 ** 30), done);
    }
  });
}
